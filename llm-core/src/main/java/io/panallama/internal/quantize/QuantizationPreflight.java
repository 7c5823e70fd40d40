package io.panallama.internal.quantize;

import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks everything that llama.cpp v0.5.0 asserts while it quantises ({@code llama-quant.cpp}, {@code ggml-quants.c}), because a failed assert ends the process. Errors that it would only throw after minutes of work are also checked here where possible.
 */
public final class QuantizationPreflight {
  /** {@code ggml_quantize_requires_imatrix}: asserted in {@code ggml_quantize_chunk}. */
  private static final Set<GgufType> ASSERT_IMPORTANCE = EnumSet.of(GgufType.IQ2_XXS, GgufType.IQ2_XS, GgufType.IQ1_S);

  /** Types that search a grid for the nearest point, and assert that there is one. */
  private static final Set<GgufType> SEARCH_GRID =
      EnumSet.of(
          GgufType.IQ1_S,
          GgufType.IQ1_M,
          GgufType.IQ2_XXS,
          GgufType.IQ2_XS,
          GgufType.IQ2_S,
          GgufType.IQ3_XXS,
          GgufType.IQ3_S);

  private static final String OUTPUT = "output.weight";
  private static final String EMBEDDING = "token_embd.weight";

  /** The tensors for which {@code tensor_requires_imatrix} never asks for an importance matrix. */
  private static final List<String> NEVER_ASKED = List.of(EMBEDDING, "per_layer_token_embd.weight", OUTPUT);

  private final SourceModel source;
  private final QuantizationConfig config;

  private QuantizationPreflight(SourceModel source, QuantizationConfig config) {
    this.source = source;
    this.config = config;
  }

  /**
   * @throws QuantizationException if llama.cpp can't quantise the model with this configuration
   */
  public static void check(SourceModel source, QuantizationConfig config) {
    new QuantizationPreflight(source, config).check();
  }

  private void check() {
    for (GgufFile file : source.files()) {
      // llama.cpp copies the key, but pads to the default.
      if (file.alignment() != GgufWriter.ALIGNMENT) {
        throw fault(
            Reason.UNSUPPORTED_TENSOR,
            "general.alignment is " + file.alignment() + "; llama.cpp quantises files with " + GgufWriter.ALIGNMENT);
      }
    }
    if (config.type() == QuantizationType.COPY) {
      return;
    }
    shapes();
    alreadyQuantized();
    importance();
    if (searchesGrid()) {
      WeightScan.check(source, config.listener());
    }
  }

  private void shapes() {
    for (GgufTensor tensor : source.tensors().values()) {
      // No tensor of a text model has four dimensions, so its name is not considered.
      if (tensor.dimension(3) > 1) {
        throw fault(
            Reason.UNSUPPORTED_TENSOR,
            "tensor "
                + tensor.name()
                + " has four dimensions, "
                + tensor.dimensions()
                + "; at most three are possible");
      }
    }
    for (String name : NEVER_ASKED) {
      GgufTensor tensor = source.tensors().get(name);
      if (tensor != null) {
        for (GgufType type : fixedTypes(name)) {
          if (tensor.dimension(0) % type.blockSize() != 0) {
            throw fault(
                Reason.UNSUPPORTED_TENSOR,
                "tensor "
                    + name
                    + " has rows of "
                    + tensor.dimension(0)
                    + ", and "
                    + type
                    + " needs a multiple of "
                    + type.blockSize());
          }
        }
      }
    }
  }

  /**
   * Approximates {@code tensor_allows_quantization}. That searches for the last "weight" and expects it at the length minus 6. For a name of 5 bytes this is {@code npos}, the result of a failed search, so such names match, too.
   */
  private static boolean isMatrix(GgufTensor tensor) {
    String name = tensor.name();
    return tensor.dimensions().size() > 1
        && (name.endsWith("weight") || name.getBytes(StandardCharsets.UTF_8).length == 5)
        && !name.contains("_norm.weight");
  }

  private void alreadyQuantized() {
    for (GgufTensor tensor : source.tensors().values()) {
      boolean quantized = tensor.type().blockSize() > 1;
      boolean left = tensor.name().equals(OUTPUT) && !config.quantizeOutput();
      if (quantized
          && isMatrix(tensor)
          && !left
          && tensor.type() != config.type().tensorType()
          && !config.allowRequantize()) {
        throw fault(
            Reason.ALREADY_QUANTIZED,
            "is quantised already ("
                + tensor.name()
                + " is "
                + tensor.type()
                + "), and to do it again loses more; take the original in F16, BF16 or F32, or allow it");
      }
    }
  }

  private void importance() {
    QuantizationType type = config.type();
    if (config.importanceMatrix().isEmpty() && type.needsImportanceMatrix()) {
      throw fault(
          Reason.IMPORTANCE_MATRIX_REQUIRED,
          type + " needs an importance matrix (llama-imatrix makes one); without it the result would be garbage");
    }
    for (GgufTensor tensor : source.tensors().values()) {
      int known = config.importanceMatrix().map(matrix -> matrix.size(tensor.name())).orElse(0);
      long expected = tensor.dimension(0) * tensor.dimension(2);
      if (known != 0 && known != expected) {
        throw fault(
            Reason.IMPORTANCE_MATRIX_INVALID,
            "the importance matrix has "
                + known
                + " numbers for "
                + tensor.name()
                + ", expected "
                + expected
                + "; it is of another model");
      }
      if (known == 0 && NEVER_ASKED.contains(tensor.name())) {
        requireNone(tensor);
      }
    }
  }

  private void requireNone(GgufTensor tensor) {
    for (GgufType type : possibleTypes(tensor.name())) {
      if (ASSERT_IMPORTANCE.contains(type)) {
        throw fault(
            Reason.IMPORTANCE_MATRIX_REQUIRED,
            tensor.name() + " can't become " + type + " without an importance matrix that has it");
      }
    }
  }

  /** The types that a tensor gets whatever its row length is. */
  private Set<GgufType> fixedTypes(String name) {
    Set<GgufType> types = new HashSet<>();
    if (name.equals(OUTPUT)) {
      if (config.quantizeOutput()) {
        config.outputTensorType().ifPresent(types::add);
      }
    } else {
      config.tokenEmbeddingType().ifPresent(types::add);
    }
    return types;
  }

  /** The types that a tensor of {@link #NEVER_ASKED} may get at most. */
  private Set<GgufType> possibleTypes(String name) {
    Set<GgufType> types = fixedTypes(name);
    if (types.isEmpty() && (config.quantizeOutput() || !name.equals(OUTPUT))) {
      if (config.pure()) {
        types.add(config.type().tensorType());
      }
      if (!source.tensors().containsKey(OUTPUT)) {
        // The embeddings also serve as the output matrix.
        config.outputTensorType().ifPresent(types::add);
      }
    }
    return types;
  }

  private boolean searchesGrid() {
    Set<GgufType> types = EnumSet.of(config.type().tensorType());
    config.outputTensorType().ifPresent(types::add);
    config.tokenEmbeddingType().ifPresent(types::add);
    return config.type().needsImportanceMatrix() || types.stream().anyMatch(SEARCH_GRID::contains);
  }

  private QuantizationException fault(Reason reason, String problem) {
    Path path = source.path();
    return new QuantizationException(reason, path, path + ": " + problem + ".", null);
  }
}
