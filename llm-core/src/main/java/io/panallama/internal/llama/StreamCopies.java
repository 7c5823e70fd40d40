package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies sequences between the streams of a split KV cache, through a buffer in host memory that grows as needed.
 *
 * <p>{@code llama_memory_seq_cp} could do it on the device, but it copies all cells of a stream, however few are in use,
 * and not before the next decode: a state that is restored into the source meanwhile would be copied instead. Confined
 * to the context's thread.
 */
final class StreamCopies implements AutoCloseable {
  private final LlamaContext context;
  private @Nullable Arena arena;
  private MemorySegment buffer = MemorySegment.NULL;

  StreamCopies(LlamaContext context) {
    this.context = context;
  }

  /** Gives {@code to} all that {@code from} has; returns false if there is no memory for it. */
  boolean copy(int from, int to) {
    long bytes = LlamaCpp.llama_state_seq_get_size_ext(context.pointer(), from, 0);
    if (!reserve(bytes)
        || LlamaCpp.llama_state_seq_get_data_ext(context.pointer(), buffer, bytes, from, 0) != bytes
        || LlamaCpp.llama_state_seq_set_data_ext(context.pointer(), buffer, bytes, to, 0) != bytes) {
      context.dismissLog();
      return false;
    }
    return true;
  }

  private boolean reserve(long bytes) {
    if (buffer.byteSize() >= bytes) {
      return true;
    }
    close();
    Arena larger = Arena.ofConfined();
    try {
      buffer = larger.allocate(bytes + bytes / 2, 64);
      arena = larger;
      return true;
    } catch (OutOfMemoryError none) {
      larger.close();
      return false;
    }
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      buffer = MemorySegment.NULL;
    }
  }
}
