package io.panallama.gguf;

import java.util.Optional;

/**
 * How the elements of a tensor are stored: the {@code ggml_type} of llama.cpp v0.5.0.
 *
 * <p>A row is stored in blocks of {@link #blockSize()} elements that take {@link #blockBytes()} bytes each. The numbers
 * are those of {@code type_traits} in {@code ggml/src/ggml.c} and of the block structs in {@code ggml-common.h}. Ids 4,
 * 5, 31 to 33 and 36 to 38 belonged to types that llama.cpp removed.
 */
public enum GgufType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q8_1(9, 32, 36),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  Q8_K(15, 256, 292),
  IQ2_XXS(16, 256, 66),
  IQ2_XS(17, 256, 74),
  IQ3_XXS(18, 256, 98),
  IQ1_S(19, 256, 50),
  IQ4_NL(20, 32, 18),
  IQ3_S(21, 256, 110),
  IQ2_S(22, 256, 82),
  IQ4_XS(23, 256, 136),
  I8(24, 1, 1),
  I16(25, 1, 2),
  I32(26, 1, 4),
  I64(27, 1, 8),
  F64(28, 1, 8),
  IQ1_M(29, 256, 56),
  BF16(30, 1, 2),
  TQ1_0(34, 256, 54),
  TQ2_0(35, 256, 66),
  MXFP4(39, 32, 17),
  NVFP4(40, 64, 36),
  Q1_0(41, 128, 18),
  Q2_0(42, 64, 18);

  /** {@code GGML_TYPE_COUNT}: every id in a file is below it. */
  static final int ID_LIMIT = 43;

  private static final GgufType[] BY_ID = new GgufType[ID_LIMIT];

  static {
    for (GgufType type : values()) {
      BY_ID[type.id] = type;
    }
  }

  private final int id;
  private final int blockSize;
  private final int blockBytes;

  GgufType(int id, int blockSize, int blockBytes) {
    this.id = id;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** The number that stands for this type in a file. */
  public int id() {
    return id;
  }

  /** Number of elements in a block; a row is a whole number of blocks. */
  public int blockSize() {
    return blockSize;
  }

  /** Size of a block in bytes. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Size in bytes of {@code elements} elements, which must be a multiple of {@link #blockSize()}. */
  public long bytes(long elements) {
    if (elements < 0 || elements % blockSize != 0) {
      throw new IllegalArgumentException(elements + " elements are no whole number of blocks of " + blockSize);
    }
    return Math.multiplyExact(elements / blockSize, (long) blockBytes);
  }

  /** The type with this id, or empty if llama.cpp v0.5.0 has none. */
  public static Optional<GgufType> ofId(int id) {
    return id >= 0 && id < ID_LIMIT ? Optional.ofNullable(BY_ID[id]) : Optional.empty();
  }
}
