package io.panallama.internal.decode;

/**
 * What a context remembers of its sequences from step to step: the cells of a KV cache, or a recurrent state. A context that
 * computes each batch by itself (an encoder) has {@link #NONE}. Belongs to the engine thread; nothing here allocates.
 */
public interface KvMemory {
  /** How far a sequence of this kind of model can go back to one of its beginnings. */
  enum Rewind {
    /** To any: the cells of a beginning stay what they are. */
    ALWAYS,
    /** While a sliding window that ends there is still all there; {@link #share} and {@link #removeFrom} say. */
    WINDOWED,
    /** Never: one state stands for all tokens (recurrent and hybrid models), or nothing is remembered. */
    NEVER
  }

  /** The memory of a context that has none: every step begins with empty sequences. */
  @SuppressWarnings("ClassInitializationDeadlock") // NoMemory is private to this package and made only here
  KvMemory NONE = new NoMemory();

  /** Whether nothing is remembered. */
  default boolean isNone() {
    return false;
  }

  /** Cells, shared by all sequences; 0 without a memory. */
  int contextSize();

  /** How far sequences can go back. */
  Rewind rewind();

  /** Whether all of it lies in host memory, where {@link StateStore#save} and its counterpart cost no more than a copy. */
  boolean isOnHost();

  /** Whether sequences of this kind of model can share the cells of a common beginning. */
  boolean sharesPrefixes();

  /**
   * Lets a sequence share the first {@code length} cells of another one; nothing is copied.
   *
   * @param to holds nothing but what it shares already
   * @return false if the cells can't be shared (a sliding window has moved on); nothing was changed then
   */
  boolean share(int from, int to, int length);

  /**
   * Removes a sequence's cells from {@code position} on: after a step that was not completed, or because tokens that were
   * computed on trial turned out to be others.
   *
   * @return false if what is left can't be trusted, because this kind of model can't go back; the caller then removes all
   */
  boolean removeFrom(int sequence, int position);

  /** Removes all cells of a sequence. */
  void remove(int sequence);
}
