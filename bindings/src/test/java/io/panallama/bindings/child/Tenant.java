package io.panallama.bindings.child;

import io.panallama.bindings.BackendChoice;
import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_log_callback;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** An application in a class loader of its own. Its text is the number of times that its log callback was called. */
public final class Tenant implements Callable<String> {
  private final AtomicInteger heard = new AtomicInteger();

  public Tenant() {}

  @Override
  public String call() {
    NativeLibraries libraries = NativeLibraries.load(BackendChoice.CPU, this::addLog);
    int before = heard.get();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = LlamaCpp.llama_model_default_params(arena);
      MemorySegment model = LlamaCpp.llama_model_load_from_file(arena.allocateFrom("/no/such.gguf"), parameters);
      if (!model.equals(MemorySegment.NULL)) {
        throw new IllegalStateException("a model that does not exist was loaded");
      }
    }
    return "%s %s %s, %d CPU device, log %s"
        .formatted(
            libraries.origin(),
            libraries.backend(),
            libraries.directory(),
            cpuDevices(),
            heard.get() > before ? "heard" : "silent");
  }

  @Override
  public String toString() {
    return heard.toString();
  }

  private void addLog() {
    MemorySegment callback = ggml_log_callback.allocate((_, _, _) -> heard.incrementAndGet(), Arena.global());
    if (LlamaCpp.panallama_log_add(callback, MemorySegment.NULL) != LlamaCpp.PANALLAMA_OK()) {
      throw new IllegalStateException("the log callback was refused");
    }
  }

  private static int cpuDevices() {
    int count = 0;
    for (long i = 0; i < LlamaCpp.ggml_backend_dev_count(); i++) {
      MemorySegment device = LlamaCpp.ggml_backend_dev_get(i);
      if (LlamaCpp.ggml_backend_dev_type(device) == LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU()) {
        count++;
      }
    }
    return count;
  }
}
