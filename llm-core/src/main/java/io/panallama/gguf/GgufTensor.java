package io.panallama.gguf;

import java.util.List;

/**
 * The description of one tensor in a GGUF file.
 *
 * @param name its name, at most 63 bytes
 * @param type how its elements are stored
 * @param dimensions number of elements per dimension, the fastest-changing one first; one to four, each at least 1
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

  /** The number of elements. */
  public long elements() {
    long product = 1;
    for (long dimension : dimensions) {
      product *= dimension;
    }
    return product;
  }

  /** The number of elements in dimension {@code index}; 1 beyond the last one. */
  public long dimension(int index) {
    return index < dimensions.size() ? dimensions.get(index) : 1;
  }
}
