package io.panallama.gguf;

import java.util.EnumSet;
import java.util.Set;

/**
 * Finds tensor types that llama.cpp v0.5.0 loads without an error but can't compute with: the CPU backend aborts or
 * calls a null function pointer at the first decode.
 */
final class TensorPreflight {
  /** Types of activations and indices; none has a kernel as a weight of a matrix product or an embedding. */
  private static final Set<GgufType> NO_WEIGHTS =
      EnumSet.of(GgufType.Q8_1, GgufType.Q8_K, GgufType.I8, GgufType.I16, GgufType.I32, GgufType.I64, GgufType.F64);

  private TensorPreflight() {}

  static void check(Facts facts) {
    for (GgufTensor tensor : facts.file().tensors()) {
      String name = tensor.name();
      if (name.endsWith(".weight") && NO_WEIGHTS.contains(tensor.type()) && !isTable(name)) {
        throw facts.corrupt("tensor " + name + " is of type " + tensor.type() + ", which can't be a weight");
      }
      if (tensor.dimensions().size() == 1 && tensor.type().blockSize() > 1) {
        // Whatever it is, it meets activations element by element, and no tool quantises it.
        throw facts.corrupt("tensor " + name + " has one dimension and is of type " + tensor.type() + ", expected F32");
      }
      if (isElementwise(name) && tensor.type() != GgufType.F32) {
        throw facts.corrupt("tensor " + name + " is of type " + tensor.type() + ", expected F32");
      }
    }
  }

  /** Lookup tables of token or expert numbers. */
  private static boolean isTable(String name) {
    return name.contains("tid2eid") || name.contains("d2t");
  }

  /**
   * Whether the tensor is multiplied with or added to activations element by element: {@code binary_op} in
   * {@code ggml-cpu/binary-ops.cpp} and the state-space operations support only F32.
   */
  private static boolean isElementwise(String name) {
    return name.endsWith("norm.weight")
        || name.endsWith(".bias")
        || name.endsWith(".scale")
        || name.endsWith("rope_freqs.weight")
        || name.contains("rope_factors_")
        || name.endsWith(".ssm_conv1d.weight") // ggml_ssm_conv asserts it
        || name.endsWith("shortconv.conv.weight")
        || name.endsWith(".ssm_a")
        || name.endsWith(".ssm_d");
  }
}
