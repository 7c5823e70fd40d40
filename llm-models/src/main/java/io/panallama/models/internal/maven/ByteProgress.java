package io.panallama.models.internal.maven;

/** Receives how many bytes are done. */
@FunctionalInterface
public interface ByteProgress {
  /**
   * Called now and then.
   *
   * @param done bytes so far
   * @param total all bytes; 0 if that is not known
   * @return false to stop
   */
  boolean bytes(long done, long total);
}
