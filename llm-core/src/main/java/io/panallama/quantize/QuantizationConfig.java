package io.panallama.quantize;

import io.panallama.gguf.GgufType;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How to quantise a model. Immutable and thread-safe. */
public final class QuantizationConfig {
  /** Uses one thread per processor. */
  public static final int AUTO = 0;

  /** The maximum number of threads; the bridge's limit. */
  public static final int MAX_THREADS = 512;

  /** The types that {@code ggml_quantize_chunk} cannot produce: it would end the process. */
  private static final Set<GgufType> NOT_WRITTEN =
      EnumSet.of(GgufType.Q8_1, GgufType.Q8_K, GgufType.I8, GgufType.I16, GgufType.I32, GgufType.I64, GgufType.F64);

  private final QuantizationType type;
  private final int threads;
  private final @Nullable GgufType outputTensorType;
  private final @Nullable GgufType tokenEmbeddingType;
  private final boolean pure;
  private final boolean allowRequantize;
  private final boolean quantizeOutput;
  private final @Nullable ImportanceMatrix importanceMatrix;
  private final boolean overwrite;
  private final QuantizationListener listener;

  private QuantizationConfig(Builder from) {
    type = from.type;
    threads = from.threads;
    outputTensorType = from.outputTensorType;
    tokenEmbeddingType = from.tokenEmbeddingType;
    pure = from.pure;
    allowRequantize = from.allowRequantize;
    quantizeOutput = from.quantizeOutput;
    importanceMatrix = from.importanceMatrix;
    overwrite = from.overwrite;
    listener = from.listener;
    if (threads < AUTO || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "threads is " + threads + "; it must be 1 to " + MAX_THREADS + ", or 0 for one per processor.");
    }
    requireWritten("outputTensorType", outputTensorType);
    requireWritten("tokenEmbeddingType", tokenEmbeddingType);
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  private static void requireWritten(String name, @Nullable GgufType type) {
    if (type != null && NOT_WRITTEN.contains(type)) {
      throw new IllegalArgumentException(
          name + " is " + type + "; it must be one of " + EnumSet.complementOf(EnumSet.copyOf(NOT_WRITTEN)) + ".");
    }
  }

  /** The type's own recipe, with a thread per processor, refusing quantised sources and existing outputs. */
  public static QuantizationConfig of(QuantizationType type) {
    return builder(type).build();
  }

  /** A builder that starts from {@link #of}. */
  public static Builder builder(QuantizationType type) {
    return new Builder(type);
  }

  /** The type to convert the model to. */
  public QuantizationType type() {
    return type;
  }

  /** Number of threads, 1 to {@link #MAX_THREADS}, or {@link #AUTO} for one per processor of this process; the result does not depend on it. */
  public int threads() {
    return threads;
  }

  /** The type of the output matrix, if it is not to be the recipe's. */
  public Optional<GgufType> outputTensorType() {
    return Optional.ofNullable(outputTensorType);
  }

  /** The type of the token embeddings, if it is not to be the recipe's. */
  public Optional<GgufType> tokenEmbeddingType() {
    return Optional.ofNullable(tokenEmbeddingType);
  }

  /** Whether every matrix gets {@link QuantizationType#tensorType()}, without more bits for those that matter more. */
  public boolean pure() {
    return pure;
  }

  /**
   * Whether tensors that are already quantised are converted, which loses more quality than quantising the original. Those that already have their new type are copied.
   */
  public boolean allowRequantize() {
    return allowRequantize;
  }

  /** Whether the output matrix is converted; false leaves it unchanged. */
  public boolean quantizeOutput() {
    return quantizeOutput;
  }

  /** How much each input of each matrix matters. */
  public Optional<ImportanceMatrix> importanceMatrix() {
    return Optional.ofNullable(importanceMatrix);
  }

  /** Whether an existing file is replaced. */
  public boolean overwrite() {
    return overwrite;
  }

  /** Receives the progress. */
  public QuantizationListener listener() {
    return listener;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof QuantizationConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "QuantizationConfig" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("type", type);
    all.put("threads", threads);
    all.put("outputTensorType", outputTensorType());
    all.put("tokenEmbeddingType", tokenEmbeddingType());
    all.put("pure", pure);
    all.put("allowRequantize", allowRequantize);
    all.put("quantizeOutput", quantizeOutput);
    all.put("importanceMatrix", importanceMatrix());
    all.put("overwrite", overwrite);
    all.put("listener", listener);
    return all;
  }

  /** Collects the components of a {@link QuantizationConfig}. Not thread-safe. */
  public static final class Builder {
    private QuantizationType type;
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
      this.type = Objects.requireNonNull(type, "type");
    }

    private Builder(QuantizationConfig from) {
      type = from.type;
      threads = from.threads;
      outputTensorType = from.outputTensorType;
      tokenEmbeddingType = from.tokenEmbeddingType;
      pure = from.pure;
      allowRequantize = from.allowRequantize;
      quantizeOutput = from.quantizeOutput;
      importanceMatrix = from.importanceMatrix;
      overwrite = from.overwrite;
      listener = from.listener;
    }

    /** Sets {@link QuantizationConfig#threads()}. */
    public Builder threads(int value) {
      threads = value;
      return this;
    }

    /** Sets {@link QuantizationConfig#outputTensorType()}. */
    public Builder outputTensorType(GgufType value) {
      outputTensorType = Objects.requireNonNull(value, "outputTensorType");
      return this;
    }

    /** Unsets {@link QuantizationConfig#outputTensorType()}. */
    public Builder noOutputTensorType() {
      outputTensorType = null;
      return this;
    }

    /** Sets {@link QuantizationConfig#tokenEmbeddingType()}. */
    public Builder tokenEmbeddingType(GgufType value) {
      tokenEmbeddingType = Objects.requireNonNull(value, "tokenEmbeddingType");
      return this;
    }

    /** Unsets {@link QuantizationConfig#tokenEmbeddingType()}. */
    public Builder noTokenEmbeddingType() {
      tokenEmbeddingType = null;
      return this;
    }

    /** Sets {@link QuantizationConfig#pure()}. */
    public Builder pure(boolean value) {
      pure = value;
      return this;
    }

    /** Sets {@link QuantizationConfig#allowRequantize()}. */
    public Builder allowRequantize(boolean value) {
      allowRequantize = value;
      return this;
    }

    /** Sets {@link QuantizationConfig#quantizeOutput()}. */
    public Builder quantizeOutput(boolean value) {
      quantizeOutput = value;
      return this;
    }

    /** Sets {@link QuantizationConfig#importanceMatrix()}. */
    public Builder importanceMatrix(ImportanceMatrix value) {
      importanceMatrix = Objects.requireNonNull(value, "importanceMatrix");
      return this;
    }

    /** Unsets {@link QuantizationConfig#importanceMatrix()}. */
    public Builder noImportanceMatrix() {
      importanceMatrix = null;
      return this;
    }

    /** Sets {@link QuantizationConfig#overwrite()}. */
    public Builder overwrite(boolean value) {
      overwrite = value;
      return this;
    }

    /** Sets {@link QuantizationConfig#listener()}. */
    public Builder listener(QuantizationListener value) {
      listener = Objects.requireNonNull(value, "listener");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public QuantizationConfig build() {
      return new QuantizationConfig(this);
    }
  }
}
