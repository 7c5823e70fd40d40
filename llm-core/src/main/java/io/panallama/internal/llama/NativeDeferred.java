package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.decode.DeferredSample;
import java.lang.foreign.MemorySegment;

/** Owns a {@code panallama_deferred}. */
final class NativeDeferred implements DeferredSample {
  private final MemorySegment pointer;

  NativeDeferred(MemorySegment pointer) {
    this.pointer = pointer;
  }

  MemorySegment pointer() {
    return pointer;
  }

  @Override
  public void run(long limitNanos) {
    LlamaCpp.panallama_deferred_run(pointer, limitNanos);
  }

  @Override
  public void cancel() {
    LlamaCpp.panallama_deferred_cancel(pointer);
  }

  @Override
  public void close() {
    LlamaCpp.panallama_deferred_free(pointer);
  }
}
