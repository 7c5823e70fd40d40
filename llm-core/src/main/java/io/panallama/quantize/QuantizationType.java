package io.panallama.quantize;

import io.panallama.gguf.GgufType;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The formats a model file can be converted to: every file type that llama.cpp v0.5.0 writes ({@code llama_ftype} in {@code llama.h}), named as in its {@code llama-quantize}.
 *
 * <p>A file type is a recipe: most matrices get {@link #tensorType()}, and some types ({@code _M}, {@code _L} ...) give more bits to those that matter more. Vectors and norms are never converted.
 */
public enum QuantizationType {
  /** 1.125 bits per weight. */
  Q1_0(40, GgufType.Q1_0, "1.125 bits per weight"),
  /** 1.56 bits per weight. */
  IQ1_S(24, GgufType.IQ1_S, "1.56 bits per weight"),
  /** 1.69 bits per weight, for models trained with ternary weights. */
  TQ1_0(36, GgufType.TQ1_0, "1.69 bits per weight, for models trained with ternary weights"),
  /** 1.75 bits per weight. */
  IQ1_M(31, GgufType.IQ1_M, "1.75 bits per weight"),
  /** 2.06 bits per weight. */
  IQ2_XXS(19, GgufType.IQ2_XXS, "2.06 bits per weight"),
  /** 2.06 bits per weight, for models trained with ternary weights. */
  TQ2_0(37, GgufType.TQ2_0, "2.06 bits per weight, for models trained with ternary weights"),
  /** 2.25 bits per weight. */
  Q2_0(41, GgufType.Q2_0, "2.25 bits per weight"),
  /** 2.31 bits per weight. */
  IQ2_XS(20, GgufType.IQ2_XS, "2.31 bits per weight"),
  /** 2.5 bits per weight. */
  IQ2_S(28, GgufType.IQ2_XS, "2.5 bits per weight"),
  /** 2.7 bits per weight. */
  IQ2_M(29, GgufType.IQ2_S, "2.7 bits per weight"),
  /** Llama 3 8B: 2.96 GB, perplexity +3.18. */
  Q2_K_S(21, GgufType.Q2_K, "Llama 3 8B: 2.96 GB, perplexity +3.18"),
  /** Llama 3 8B: 2.96 GB, perplexity +3.52. */
  Q2_K(10, GgufType.Q2_K, "Llama 3 8B: 2.96 GB, perplexity +3.52"),
  /** 3.06 bits per weight. */
  IQ3_XXS(23, GgufType.IQ3_XXS, "3.06 bits per weight"),
  /** 3.3 bits per weight. */
  IQ3_XS(22, GgufType.IQ3_S, "3.3 bits per weight"),
  /** 3.44 bits per weight. */
  IQ3_S(26, GgufType.IQ3_S, "3.44 bits per weight"),
  /** 3.66 bits per weight, mixed. */
  IQ3_M(27, GgufType.IQ3_S, "3.66 bits per weight, mixed"),
  /** Llama 3 8B: 3.41 GB, perplexity +1.63. */
  Q3_K_S(11, GgufType.Q3_K, "Llama 3 8B: 3.41 GB, perplexity +1.63"),
  /** Llama 3 8B: 3.74 GB, perplexity +0.66. */
  Q3_K_M(12, GgufType.Q3_K, "Llama 3 8B: 3.74 GB, perplexity +0.66"),
  /** Llama 3 8B: 4.03 GB, perplexity +0.56. */
  Q3_K_L(13, GgufType.Q3_K, "Llama 3 8B: 4.03 GB, perplexity +0.56"),
  /** 4.25 bits per weight, not linear. */
  IQ4_XS(30, GgufType.IQ4_XS, "4.25 bits per weight, not linear"),
  /** Llama 3 8B: 4.34 GB, perplexity +0.47. */
  Q4_0(2, GgufType.Q4_0, "Llama 3 8B: 4.34 GB, perplexity +0.47"),
  /** Llama 3 8B: 4.78 GB, perplexity +0.45. */
  Q4_1(3, GgufType.Q4_1, "Llama 3 8B: 4.78 GB, perplexity +0.45"),
  /** Experts in 4-bit floating point, the rest in Q8_0. */
  MXFP4_MOE(38, GgufType.MXFP4, "experts in 4-bit floating point, the rest in Q8_0"),
  /** 4.5 bits per weight, not linear. */
  IQ4_NL(25, GgufType.IQ4_NL, "4.5 bits per weight, not linear"),
  /** Llama 3 8B: 4.37 GB, perplexity +0.27. */
  Q4_K_S(14, GgufType.Q4_K, "Llama 3 8B: 4.37 GB, perplexity +0.27"),
  /** Llama 3 8B: 4.58 GB, perplexity +0.18. */
  Q4_K_M(15, GgufType.Q4_K, "Llama 3 8B: 4.58 GB, perplexity +0.18"),
  /** Llama 3 8B: 5.21 GB, perplexity +0.13. */
  Q5_0(8, GgufType.Q5_0, "Llama 3 8B: 5.21 GB, perplexity +0.13"),
  /** Llama 3 8B: 5.65 GB, perplexity +0.11. */
  Q5_1(9, GgufType.Q5_1, "Llama 3 8B: 5.65 GB, perplexity +0.11"),
  /** Llama 3 8B: 5.21 GB, perplexity +0.11. */
  Q5_K_S(16, GgufType.Q5_K, "Llama 3 8B: 5.21 GB, perplexity +0.11"),
  /** Llama 3 8B: 5.33 GB, perplexity +0.06. */
  Q5_K_M(17, GgufType.Q5_K, "Llama 3 8B: 5.33 GB, perplexity +0.06"),
  /** Llama 3 8B: 6.14 GB, perplexity +0.02. */
  Q6_K(18, GgufType.Q6_K, "Llama 3 8B: 6.14 GB, perplexity +0.02"),
  /** Llama 3 8B: 7.96 GB, perplexity +0.003. */
  Q8_0(7, GgufType.Q8_0, "Llama 3 8B: 7.96 GB, perplexity +0.003"),
  /** 16 bits per weight, half precision. */
  F16(1, GgufType.F16, "16 bits per weight, half precision"),
  /** 16 bits per weight, the exponent of F32. */
  BF16(32, GgufType.BF16, "16 bits per weight, the exponent of F32"),
  /** 32 bits per weight. */
  F32(0, GgufType.F32, "32 bits per weight"),
  /** Every tensor unchanged; merges a model in several files into one. */
  COPY(0, GgufType.F32, "every tensor as it is; makes one file of a model in several");

  /**
   * Recipes that give some tensor a format that llama.cpp v0.5.0 refuses to produce without an importance matrix: {@code tensor_requires_imatrix} and {@code llama_tensor_get_type_impl} in {@code llama-quant.cpp}.
   */
  private static final Set<QuantizationType> NEED_IMPORTANCE_MATRIX =
      EnumSet.of(IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M, Q2_K_S, IQ3_XXS, IQ3_XS);

  /** Additional names that llama-quantize accepts. */
  private static final Map<String, QuantizationType> ALIASES = Map.of("Q3_K", Q3_K_M, "Q4_K", Q4_K_M, "Q5_K", Q5_K_M);

  private final int id;
  private final GgufType tensorType;
  private final String description;

  QuantizationType(int id, GgufType tensorType, String description) {
    this.id = id;
    this.tensorType = tensorType;
    this.description = description;
  }

  /** The number in a file's {@code general.file_type}. For {@link #COPY} it has no meaning: the file keeps its own. */
  public int id() {
    return id;
  }

  /** The type of most matrices; not meaningful for {@link #COPY}. */
  public GgufType tensorType() {
    return tensorType;
  }

  /** One line: bits per weight, or what llama-quantize says about Llama 3 8B. */
  public String description() {
    return description;
  }

  /** Whether {@link QuantizationConfig#importanceMatrix()} is required. */
  public boolean needsImportanceMatrix() {
    return NEED_IMPORTANCE_MATRIX.contains(this);
  }

  /** The type with this name, ignoring case; {@code Q3_K}, {@code Q4_K} and {@code Q5_K} stand for their {@code _M} types. */
  public static Optional<QuantizationType> of(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    for (QuantizationType type : values()) {
      if (type.name().equals(upper)) {
        return Optional.of(type);
      }
    }
    return Optional.ofNullable(ALIASES.get(upper));
  }
}
