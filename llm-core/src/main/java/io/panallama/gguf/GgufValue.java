package io.panallama.gguf;

/** One metadata value of a GGUF file. */
public sealed interface GgufValue permits GgufValue.Int, GgufValue.Real, GgufValue.Bool, GgufValue.Text, GgufArray {

  /** Its type in the file. */
  GgufValueType type();

  /**
   * A whole number of any width.
   *
   * @param type one of the integer types
   * @param value the number; for {@link GgufValueType#UINT64} its 64 bits, to be read unsigned
   */
  record Int(GgufValueType type, long value) implements GgufValue {
    public Int {
      if (!type.isInteger()) {
        throw new IllegalArgumentException(type + " is no integer type");
      }
      boolean fits =
          switch (type) {
            case UINT8 -> value >= 0 && value <= 0xFF;
            case INT8 -> value == (byte) value;
            case UINT16 -> value >= 0 && value <= 0xFFFF;
            case INT16 -> value == (short) value;
            case UINT32 -> value >= 0 && value <= 0xFFFF_FFFFL;
            case INT32 -> value == (int) value;
            default -> true;
          };
      if (!fits) {
        throw new IllegalArgumentException(value + " does not fit into " + type);
      }
    }

    /** Shorthand for the type of most numbers in GGUF files. */
    public static Int u32(long value) {
      return new Int(GgufValueType.UINT32, value);
    }

    /** The number in decimal digits. */
    @Override
    public String toString() {
      return type == GgufValueType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
    }
  }

  /**
   * A floating-point number.
   *
   * @param type {@link GgufValueType#FLOAT32} or {@link GgufValueType#FLOAT64}
   * @param value the number
   */
  record Real(GgufValueType type, double value) implements GgufValue {
    public Real {
      if (!type.isFloat()) {
        throw new IllegalArgumentException(type + " is no floating-point type");
      }
    }

    /** Shorthand for the type of most fractions in GGUF files. */
    public static Real f32(float value) {
      return new Real(GgufValueType.FLOAT32, value);
    }

    /** The number in decimal digits; a 32-bit one with no more digits than necessary. */
    @Override
    public String toString() {
      return type == GgufValueType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
    }
  }

  /** A truth value; any byte but 0 reads as true, as in llama.cpp. */
  record Bool(boolean value) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.BOOL;
    }

    /** {@code true} or {@code false}. */
    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  /** A string, decoded from UTF-8 with U+FFFD for malformed bytes. */
  record Text(String value) implements GgufValue {
    @Override
    public GgufValueType type() {
      return GgufValueType.STRING;
    }

    /** The string itself. */
    @Override
    public String toString() {
      return value;
    }
  }
}
