package io.panallama.internal.decode;

/** The implementation of {@link KvMemory#NONE}. */
final class NoMemory implements KvMemory {
  @Override
  public boolean isNone() {
    return true;
  }

  @Override
  public int contextSize() {
    return 0;
  }

  @Override
  public Rewind rewind() {
    return Rewind.NEVER;
  }

  @Override
  public boolean isOnHost() {
    return false;
  }

  @Override
  public boolean sharesPrefixes() {
    return false;
  }

  @Override
  public boolean share(int from, int to, int length) {
    return false;
  }

  /** Nothing is left, so the remaining state is always correct. */
  @Override
  public boolean removeFrom(int sequence, int position) {
    return true;
  }

  @Override
  public void remove(int sequence) {}
}
