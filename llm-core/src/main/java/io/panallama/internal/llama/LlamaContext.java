package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import io.panallama.embedding.Pooling;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.internal.decode.Decoder.Status;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/**
 * Owns a {@code llama_context} and the threads it computes with; retains the model. Confined to the thread that created
 * it, which its arena enforces; only {@link #requestAbort} may be called from any thread.
 */
final class LlamaContext implements AutoCloseable {
  private final Owned owned;
  private final MemorySegment context;
  private final MemorySegment memory;
  private final CpuThreads cpu;
  private final AbortFlag abort;
  private final LogRouter.Capture log;
  private final ErrorText error;

  /** Whether a decode returns before its batch is computed. */
  private final boolean asynchronous;

  private String failure = "";

  private LlamaContext(
      Owned owned,
      MemorySegment context,
      CpuThreads cpu,
      AbortFlag abort,
      LogRouter.Capture log,
      ErrorText error,
      boolean asynchronous) {
    this.owned = owned;
    this.context = context;
    this.memory = LlamaCpp.llama_get_memory(context);
    this.cpu = cpu;
    this.abort = abort;
    this.log = log;
    this.error = error;
    this.asynchronous = asynchronous;
  }

  /**
   * Creates a context on the calling thread.
   *
   * @param config without {@link EngineConfig#AUTO}
   * @throws EngineStartException if llama.cpp rejects the configuration
   * @throws IllegalStateException if the model is closed
   */
  static LlamaContext create(ModelHandle model, EngineConfig config) {
    return create(model, config, arena -> ContextParams.allocate(model, config, arena));
  }

  /**
   * Creates a context that pools on the calling thread.
   *
   * @param config without {@link EngineConfig#AUTO}
   * @throws EngineStartException if llama.cpp rejects the configuration
   * @throws IllegalStateException if the model is closed
   */
  static LlamaContext createPooling(ModelHandle model, EngineConfig config, Pooling pooling) {
    return create(model, config, arena -> ContextParams.allocatePooling(model, config, pooling, arena));
  }

  /** Like {@link #createPooling}, with the model's head, which gives scores. */
  static LlamaContext createScoring(ModelHandle model, EngineConfig config) {
    return create(model, config, arena -> ContextParams.allocateScoring(model, config, arena));
  }

  private static LlamaContext create(
      ModelHandle model, EngineConfig config, Function<Arena, MemorySegment> parameters) {
    return Owned.build(owned -> {
      model.retain();
      owned.onClose(model::release);
      LogRouter.Capture log = owned.add(LogRouter.capture(), LogRouter.Capture::close);
      Arena arena = owned.add(Arena.ofConfined(), Arena::close);
      AbortFlag abort = new AbortFlag();
      // Opened before the context, which must be freed before its threads end.
      CpuThreads cpu =
          owned.add(CpuThreads.join(ThreadPoolParams.of(config), model.isOffloaded(), abort::isSet), CpuThreads::close);
      MemorySegment context = owned.add(init(model, parameters, abort, log), LlamaCpp::llama_free);
      cpu.attach(context);
      return new LlamaContext(owned, context, cpu, abort, log, new ErrorText(arena), model.isOffloaded());
    });
  }

  private static MemorySegment init(
      ModelHandle model, Function<Arena, MemorySegment> allocation, AbortFlag abort, LogRouter.Capture log) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment parameters = allocation.apply(scratch);
      ContextParams.setAbortFlag(parameters, abort.pointer());
      MemorySegment context = LlamaCpp.llama_init_from_model(model.pointer(), parameters);
      if (context.address() == 0) {
        throw new EngineStartException(
            Reason.REFUSED, "llama.cpp refused to start: " + log.takeErrors("it gave no reason"), null);
      }
      return context;
    }
  }

  MemorySegment pointer() {
    return context;
  }

  /** The {@code llama_memory_t}; NULL for a model that has none. */
  MemorySegment memory() {
    return memory;
  }

  /** The processors and threads of this context. */
  CpuThreads cpu() {
    return cpu;
  }

  int sequenceIds() {
    return LlamaCpp.llama_n_seq_max(context);
  }

  int batchSize() {
    return LlamaCpp.llama_n_batch(context);
  }

  int contextSize() {
    return LlamaCpp.llama_n_ctx(context);
  }

  /** The maximum number of tokens of one sequence in the context, whatever the model was trained for. */
  int sequenceContextSize() {
    return LlamaCpp.llama_n_ctx_seq(context);
  }

  /**
   * Computes a batch.
   *
   * @param batch a {@code llama_batch}
   */
  Status decode(MemorySegment batch) {
    log.report();
    if (!cpu.enter()) {
      return Status.ABORTED;
    }
    int code;
    try {
      code = LlamaCpp.panallama_decode(context, batch, error.slot());
      if (asynchronous && code == 0) {
        // Waits until the device is done: the time of this batch must not count for the next one.
        LlamaCpp.llama_get_embeddings(context);
      }
    } finally {
      cpu.leave();
    }
    return switch (code) {
      case 0 -> Status.OK;
      case 1 -> dealtWith(Status.NO_ROOM);
      case 2 -> dealtWith(Status.ABORTED);
      default -> {
        String text = code == LlamaCpp.PANALLAMA_DECODE_THREW() ? error.take() : "llama_decode returned " + code;
        failure = text + ": " + log.takeErrors("llama.cpp gave no reason");
        yield Status.FAILED;
      }
    };
  }

  /** The engine handles this failure, so llama.cpp's log about it does not interest a user. */
  private Status dealtWith(Status status) {
    log.dismiss();
    return status;
  }

  /** Discards the log of a call whose failure was handled. */
  void dismissLog() {
    log.dismiss();
  }

  /** Why the last {@link #decode} failed. */
  String failure() {
    return failure;
  }

  /** Requests an abort. Thread-safe, even while this is being closed. */
  void requestAbort() {
    abort.set(true);
    cpu.wake();
  }

  void clearAbort() {
    abort.set(false);
  }

  /** Frees the context, then the resources it used. Repeating it is harmless. */
  @Override
  public void close() {
    owned.close();
  }
}
