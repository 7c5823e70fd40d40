package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Copies the state of a sequence out of a context's memory and back. Confined to the engine thread, except
 * {@link #read} and {@link #fingerprint}, which any thread may call.
 */
public interface StateStore {
  /** The states of a context that keeps none between steps: nothing can be saved. */
  @SuppressWarnings("ClassInitializationDeadlock") // NoStates is private to this package and made only here
  StateStore NONE = new NoStates();

  /**
   * The size in bytes that {@link #save} would need now; 0 if this sequence can't be saved. It scans every cell, but
   * copies nothing.
   */
  long stateBytes(int sequence);

  /**
   * Copies the whole state of a sequence, which must be consistent: no step of it failed half way.
   *
   * @return null if it can't be saved or there is not enough memory
   */
  @Nullable StateImage save(int sequence);

  /**
   * Restores an image into a sequence that holds nothing.
   *
   * @param image created by this store, or read by it and verified to be of this origin: llama.cpp asserts on others
   * @return false if there was no room or llama.cpp rejected it; the sequence then holds nothing
   */
  boolean restore(StateImage image, int sequence);

  /**
   * Reads the bytes that an image wrote. The image must not be trusted until their checksum was compared.
   *
   * @throws IOException if the channel fails or ends early, or there is not enough memory
   */
  StateImage read(ReadableByteChannel channel, long bytes) throws IOException;

  /**
   * 32 bytes that are equal only for contexts that can restore each other's images with the same meaning: model, cache
   * types, version of llama.cpp. The first call reads parts of the model's file.
   *
   * @throws IOException if that file can no longer be read
   * @throws IllegalStateException if the context is closed
   */
  byte[] fingerprint() throws IOException;
}
