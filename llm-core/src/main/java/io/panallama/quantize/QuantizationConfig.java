package io.panallama.quantize;

import io.panallama.gguf.GgufType;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How to quantise a model.
 *
 * @param type what to convert it to
 * @param threads 1 to {@link #MAX_THREADS}, or {@link #AUTO} for the processors of this process; the result does not
 *     depend on it
 * @param outputTensorType what to store the output matrix as, instead of what the recipe says
 * @param tokenEmbeddingType what to store the token embeddings as, likewise
 * @param pure gives every matrix {@link QuantizationType#tensorType()}, without more bits for those that matter more
 * @param allowRequantize converts tensors that are quantised already; that loses more than quantising the original. Those
 *     that have their new type already are copied
 * @param quantizeOutput false leaves the output matrix as it is
 * @param importanceMatrix how much each input of each matrix matters
 * @param overwrite replaces a file that is there
 * @param listener told of the progress
 */
public record QuantizationConfig(
    QuantizationType type,
    int threads,
    Optional<GgufType> outputTensorType,
    Optional<GgufType> tokenEmbeddingType,
    boolean pure,
    boolean allowRequantize,
    boolean quantizeOutput,
    Optional<ImportanceMatrix> importanceMatrix,
    boolean overwrite,
    QuantizationListener listener) {
  /** One thread per processor. */
  public static final int AUTO = 0;

  /** The most threads; the bridge's limit. */
  public static final int MAX_THREADS = 512;

  /** What {@code ggml_quantize_chunk} can't make: the process would end. */
  private static final Set<GgufType> NOT_WRITTEN =
      EnumSet.of(GgufType.Q8_1, GgufType.Q8_K, GgufType.I8, GgufType.I16, GgufType.I32, GgufType.I64, GgufType.F64);

  public QuantizationConfig {
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(importanceMatrix, "importanceMatrix");
    Objects.requireNonNull(listener, "listener");
    if (threads < AUTO || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "threads is " + threads + "; it must be 1 to " + MAX_THREADS + ", or 0 for the processors.");
    }
    outputTensorType.ifPresent(value -> requireWritten("outputTensorType", value));
    tokenEmbeddingType.ifPresent(value -> requireWritten("tokenEmbeddingType", value));
  }

  private static void requireWritten(String name, GgufType type) {
    if (NOT_WRITTEN.contains(type)) {
      throw new IllegalArgumentException(
          name + " is " + type + "; it must be one of " + EnumSet.complementOf(EnumSet.copyOf(NOT_WRITTEN)) + ".");
    }
  }

  /** This type by its recipe, with a thread per processor, refusing what is quantised already and existing outputs. */
  public static QuantizationConfig of(QuantizationType type) {
    return builder(type).build();
  }

  /** With another number of threads. */
  public QuantizationConfig withThreads(int value) {
    return new QuantizationConfig(
        type,
        value,
        outputTensorType,
        tokenEmbeddingType,
        pure,
        allowRequantize,
        quantizeOutput,
        importanceMatrix,
        overwrite,
        listener);
  }

  /** Starts from {@link #of}. */
  public static Builder builder(QuantizationType type) {
    return new Builder(type);
  }

  /** Collects the settings. Not thread-safe. */
  public static final class Builder {
    private final QuantizationType type;
    private int threads = AUTO;
    private @Nullable GgufType outputTensorType;
    private @Nullable GgufType tokenEmbeddingType;
    private boolean pure;
    private boolean allowRequantize;
    private boolean quantizeOutput = true;
    private @Nullable ImportanceMatrix importanceMatrix;
    private boolean overwrite;
    private QuantizationListener listener = QuantizationListener.NONE;

    private Builder(QuantizationType type) {
      this.type = type;
    }

    public Builder threads(int value) {
      threads = value;
      return this;
    }

    public Builder outputTensorType(GgufType value) {
      outputTensorType = value;
      return this;
    }

    public Builder tokenEmbeddingType(GgufType value) {
      tokenEmbeddingType = value;
      return this;
    }

    public Builder pure(boolean value) {
      pure = value;
      return this;
    }

    public Builder allowRequantize(boolean value) {
      allowRequantize = value;
      return this;
    }

    public Builder quantizeOutput(boolean value) {
      quantizeOutput = value;
      return this;
    }

    public Builder importanceMatrix(ImportanceMatrix value) {
      importanceMatrix = value;
      return this;
    }

    public Builder overwrite(boolean value) {
      overwrite = value;
      return this;
    }

    public Builder listener(QuantizationListener value) {
      listener = value;
      return this;
    }

    /**
     * @throws IllegalArgumentException for a value out of range
     */
    public QuantizationConfig build() {
      return new QuantizationConfig(
          type,
          threads,
          Optional.ofNullable(outputTensorType),
          Optional.ofNullable(tokenEmbeddingType),
          pure,
          allowRequantize,
          quantizeOutput,
          Optional.ofNullable(importanceMatrix),
          overwrite,
          listener);
    }
  }
}
