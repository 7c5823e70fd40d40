package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Copies what the memory holds of a sequence out of a context and back. Belongs to the engine thread, except {@link #read}
 * and {@link #fingerprint}, which any thread may call.
 */
public interface StateStore {
  /**
   * Bytes that {@link #save} would take now; 0 if this sequence can't be saved. Costs a look at every cell, not a copy.
   */
  long stateBytes(int sequence);

  /**
   * Copies all that the memory holds of a sequence, which must be in order: no step of it failed half way.
   *
   * @return null if it can't be saved or there is no memory for it
   */
  @Nullable StateImage save(int sequence);

  /**
   * Puts an image into a sequence that holds nothing.
   *
   * @param image made by this store, or read by it after its origin was checked: llama.cpp asserts on others
   * @return false if there was no room or llama.cpp refused it; the sequence holds nothing then
   */
  boolean restore(StateImage image, int sequence);

  /**
   * Reads what an image wrote. The image is not to be trusted before the checksum of its bytes was compared.
   *
   * @throws IOException if the channel fails or ends early, or there is no memory for so much
   */
  StateImage read(ReadableByteChannel channel, long bytes) throws IOException;

  /**
   * 32 bytes that are equal only for contexts that can restore each other's images and mean the same by them: model, types
   * of the cache, version of llama.cpp. The first call reads parts of the model's file.
   *
   * @throws IOException if that file can't be read any more
   * @throws IllegalStateException if the context is closed
   */
  byte[] fingerprint() throws IOException;
}
