package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * A copy of one sequence's state outside of the KV cache. What it holds never changes.
 *
 * <p>Any thread may write it out, several at once; its owner closes it, and only while no thread writes it.
 */
public interface StateImage extends AutoCloseable {
  /** Bytes of memory, which are also the bytes that {@link #writeTo} writes. */
  long bytes();

  /**
   * Writes all of it.
   *
   * @throws IllegalStateException if it is closed
   */
  void writeTo(WritableByteChannel channel) throws IOException;

  /** Frees the memory. Repeating it is harmless. */
  @Override
  void close();
}
