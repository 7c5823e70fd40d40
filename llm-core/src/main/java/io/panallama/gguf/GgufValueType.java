package io.panallama.gguf;

import java.util.Optional;

/** The type of a metadata value: {@code gguf_type} in {@code ggml/include/gguf.h}, in the order of its ids. */
public enum GgufValueType {
  UINT8("u8", 1),
  INT8("i8", 1),
  UINT16("u16", 2),
  INT16("i16", 2),
  UINT32("u32", 4),
  INT32("i32", 4),
  FLOAT32("f32", 4),
  BOOL("bool", 1),
  STRING("str", 0),
  ARRAY("arr", 0),
  UINT64("u64", 8),
  INT64("i64", 8),
  FLOAT64("f64", 8);

  private final String label;
  private final int bytes;

  GgufValueType(String label, int bytes) {
    this.label = label;
    this.bytes = bytes;
  }

  /** The number that stands for this type in a file. */
  public int id() {
    return ordinal();
  }

  /** Size of one value in bytes; 0 for strings and arrays, whose size varies. */
  public int bytes() {
    return bytes;
  }

  /** llama.cpp's short name, as in {@code u32}. */
  public String label() {
    return label;
  }

  /** Whether values are whole numbers. */
  public boolean isInteger() {
    return switch (this) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
    };
  }

  /** Whether values are floating-point numbers. */
  public boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }

  /** The type with this id, or empty if GGUF has none. */
  public static Optional<GgufValueType> ofId(int id) {
    return id >= 0 && id < values().length ? Optional.of(values()[id]) : Optional.empty();
  }

  /** The label; the constant's name is for code. */
  @Override
  public String toString() {
    return label;
  }
}
