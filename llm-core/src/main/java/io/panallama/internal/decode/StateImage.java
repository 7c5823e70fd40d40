package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * A copy of one sequence's state outside the KV cache. Its contents never change.
 *
 * <p>Any thread may write it out, several at the same time; its owner closes it, but only while no thread is writing it.
 */
public interface StateImage extends AutoCloseable {
  /** Size in memory in bytes, which is also what {@link #writeTo} writes. */
  long bytes();

  /**
   * Writes the whole image.
   *
   * @throws IllegalStateException if it is closed
   */
  void writeTo(WritableByteChannel channel) throws IOException;

  /** Frees the memory. Repeating it is harmless. */
  @Override
  void close();
}
