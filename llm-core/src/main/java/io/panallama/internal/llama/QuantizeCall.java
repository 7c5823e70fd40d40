package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_imatrix_data;
import io.panallama.bindings.generated.llama_model_quantize_params;
import io.panallama.bindings.generated.panallama_quantize_progress;
import io.panallama.bindings.generated.panallama_quantize_report;
import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.quantize.ImportanceMatrix;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Calls {@code llama_model_quantize} on the calling thread, for a model that has passed the checks in Java. */
public final class QuantizeCall {
  /** Bytes of rows in memory at a time; llama.cpp's own limit is 8 GiB, which many machines don't have. */
  private static final long BUFFER_BYTES = 512L << 20;

  /**
   * The result as llama.cpp reports it.
   *
   * @param bytes total size of the tensors afterwards, to 0.01 MiB
   * @param fallbackTensors number of tensors that got another type than intended
   */
  public record Outcome(long bytes, int fallbackTensors) {}

  /** Called before each tensor. */
  @FunctionalInterface
  public interface TensorListener {
    /** Ignores the progress. */
    TensorListener NONE = (index, count, tensor) -> true;

    /** Returns false, or throws, to stop. */
    boolean next(int index, int count, String tensor);
  }

  private QuantizeCall() {}

  /** Returns the result that {@link #run} would have, without converting or writing anything. */
  public static Outcome dryRun(Path input, QuantizationConfig config) {
    return call(input, input, config, true, TensorListener.NONE);
  }

  /**
   * Quantises {@code input} into the file {@code output}, which is unusable after a failure.
   *
   * @throws QuantizationException with {@link Reason#CANCELLED}, {@link Reason#INSUFFICIENT_MEMORY}, {@link
   *     Reason#IMPORTANCE_MATRIX_REQUIRED}, {@link Reason#ALREADY_QUANTIZED} or {@link Reason#FAILED}
   */
  public static Outcome run(Path input, Path output, QuantizationConfig config, TensorListener listener) {
    return call(input, output, config, false, listener);
  }

  private static Outcome call(
      Path input, Path output, QuantizationConfig config, boolean dryRun, TensorListener listener) {
    try (Arena arena = Arena.ofConfined();
        LogRouter.Capture log = LogRouter.capture()) {
      Upcall upcall = new Upcall(listener);
      ErrorText error = new ErrorText(arena);
      MemorySegment report = panallama_quantize_report.allocate(arena);
      int status =
          LlamaCpp.panallama_quantize(
              arena.allocateFrom(input.toString(), StandardCharsets.UTF_8),
              arena.allocateFrom(output.toString(), StandardCharsets.UTF_8),
              parameters(config, dryRun, arena),
              panallama_quantize_progress.allocate(upcall::next, arena),
              MemorySegment.NULL,
              report,
              error.slot());
      if (status != LlamaCpp.PANALLAMA_OK()) {
        // The exception contains the error that ended it; the other lines are details of the same error.
        log.dismiss();
        throw failure(input, status, error.take(), upcall);
      }
      return new Outcome(panallama_quantize_report.size(report), panallama_quantize_report.n_fallback(report));
    }
  }

  private static QuantizationException failure(Path input, int status, String words, Upcall upcall) {
    if (upcall.stopped) {
      return new QuantizationException(Reason.CANCELLED, input, input + ": quantising was stopped.", upcall.failure);
    }
    if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
      return new QuantizationException(
          Reason.INSUFFICIENT_MEMORY,
          input,
          input + ": there is no memory or no thread left; take fewer threads.",
          null);
    }
    return new QuantizationException(
        LlamaWords.quantizeFailure(words), input, input + ": llama.cpp could not quantise it: " + words, null);
  }

  private static MemorySegment parameters(QuantizationConfig config, boolean dryRun, Arena arena) {
    MemorySegment parameters = LlamaCpp.llama_model_quantize_default_params(arena);
    llama_model_quantize_params.nthread(parameters, config.threads());
    llama_model_quantize_params.ftype(parameters, config.type().id());
    llama_model_quantize_params.only_copy(parameters, config.type() == QuantizationType.COPY);
    config.outputTensorType().ifPresent(type -> llama_model_quantize_params.output_tensor_type(parameters, type.id()));
    config
        .tokenEmbeddingType()
        .ifPresent(type -> llama_model_quantize_params.token_embedding_type(parameters, type.id()));
    llama_model_quantize_params.allow_requantize(parameters, config.allowRequantize());
    llama_model_quantize_params.quantize_output_tensor(parameters, config.quantizeOutput());
    llama_model_quantize_params.pure(parameters, config.pure());
    llama_model_quantize_params.dry_run(parameters, dryRun);
    llama_model_quantize_params.max_buf_size(parameters, BUFFER_BYTES);
    config
        .importanceMatrix()
        .ifPresent(matrix -> llama_model_quantize_params.imatrix(parameters, entries(matrix, arena)));
    return parameters;
  }

  /** The array is terminated by an entry without a name. */
  private static MemorySegment entries(ImportanceMatrix matrix, Arena arena) {
    MemorySegment entries = llama_model_imatrix_data.allocateArray(matrix.tensors().size() + 1L, arena);
    int index = 0;
    for (String tensor : matrix.tensors()) {
      MemorySegment entry = llama_model_imatrix_data.asSlice(entries, index++);
      float[] weights = matrix.weights(tensor);
      llama_model_imatrix_data.name(entry, arena.allocateFrom(tensor, StandardCharsets.UTF_8));
      llama_model_imatrix_data.data(entry, arena.allocateFrom(JAVA_FLOAT, weights));
      llama_model_imatrix_data.size(entry, weights.length);
    }
    return entries;
  }

  /** The upcall must not throw: that would end the JVM. */
  private static final class Upcall {
    private final TensorListener listener;
    private boolean stopped;
    private @Nullable Throwable failure;

    Upcall(TensorListener listener) {
      this.listener = listener;
    }

    boolean next(MemorySegment data, int index, int count, MemorySegment tensor) {
      try {
        stopped = !listener.next(index, count, tensor.getString(0));
      } catch (Throwable thrown) {
        stopped = true;
        failure = thrown;
      }
      return !stopped;
    }
  }
}
