package io.panallama.gguf;

import java.util.List;

/**
 * What a GGUF file says about one tensor.
 *
 * @param name its name, at most 63 bytes
 * @param type how its elements are stored
 * @param dimensions elements per dimension, the fastest-changing one first; one to four, each at least 1
 * @param offset bytes from {@link GgufFile#dataOffset()} to its first byte
 * @param byteSize bytes of its data
 */
public record GgufTensor(String name, GgufType type, List<Long> dimensions, long offset, long byteSize) {
  /** {@code GGML_MAX_DIMS} in {@code ggml.h}. */
  public static final int MAX_DIMENSIONS = 4;

  /** {@code GGML_MAX_NAME} in {@code ggml.h}: bytes of a name together with its terminating zero. */
  static final int NAME_LIMIT = 64;

  public GgufTensor {
    dimensions = List.copyOf(dimensions);
  }

  /** How many elements it has. */
  public long elements() {
    long product = 1;
    for (long dimension : dimensions) {
      product *= dimension;
    }
    return product;
  }

  /** Elements of dimension {@code index}; 1 beyond the last one. */
  public long dimension(int index) {
    return index < dimensions.size() ? dimensions.get(index) : 1;
  }
}
