package io.panallama.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * A metadata array whose elements are decoded on access.
 *
 * <p>A vocabulary of 256,000 strings costs only a view of the mapped file and one position for every {@value #STRIDE} elements until a token is read. Immutable and thread-safe.
 */
public final class GgufArray implements GgufValue {
  /** Number of strings between two remembered positions; reading one skips at most this many lengths. */
  static final int STRIDE = 32;

  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final GgufValueType elementType;
  private final int size;

  /** The elements as they are stored in the file. */
  private final MemorySegment data;

  /** Where every {@link #STRIDE}th string begins; empty for other types. */
  private final long[] marks;

  GgufArray(GgufValueType elementType, int size, MemorySegment data, long[] marks) {
    this.elementType = elementType;
    this.size = size;
    this.data = data;
    this.marks = marks;
  }

  /** An array of strings. */
  public static GgufArray ofStrings(List<String> values) {
    byte[][] encoded = new byte[values.size()][];
    long bytes = 0;
    for (int i = 0; i < encoded.length; i++) {
      encoded[i] = values.get(i).getBytes(StandardCharsets.UTF_8);
      bytes += Long.BYTES + encoded[i].length;
    }
    MemorySegment data = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
    long[] marks = new long[marks(encoded.length)];
    long at = 0;
    for (int i = 0; i < encoded.length; i++) {
      if (i % STRIDE == 0) {
        marks[i / STRIDE] = at;
      }
      data.set(LONG, at, encoded[i].length);
      MemorySegment.copy(encoded[i], 0, data, ValueLayout.JAVA_BYTE, at + Long.BYTES, encoded[i].length);
      at += Long.BYTES + encoded[i].length;
    }
    return new GgufArray(GgufValueType.STRING, encoded.length, data, marks);
  }

  /** An array of {@link GgufValueType#FLOAT32}. */
  public static GgufArray ofFloats(float... values) {
    MemorySegment data = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, Float.BYTES)]);
    MemorySegment.copy(values, 0, data, FLOAT, 0, values.length);
    return new GgufArray(GgufValueType.FLOAT32, values.length, data, new long[0]);
  }

  /**
   * An array of whole numbers.
   *
   * @param elementType an integer type; each value is truncated to its width
   */
  public static GgufArray ofIntegers(GgufValueType elementType, long... values) {
    if (!elementType.isInteger()) {
      throw new IllegalArgumentException(elementType + " is no integer type");
    }
    int width = elementType.bytes();
    byte[] bytes = new byte[Math.multiplyExact(values.length, width)];
    for (int i = 0; i < values.length; i++) {
      for (int b = 0; b < width; b++) {
        bytes[i * width + b] = (byte) (values[i] >>> (8 * b));
      }
    }
    return new GgufArray(elementType, values.length, MemorySegment.ofArray(bytes), new long[0]);
  }

  static int marks(int size) {
    return (size + STRIDE - 1) / STRIDE;
  }

  @Override
  public GgufValueType type() {
    return GgufValueType.ARRAY;
  }

  /** The type of every element; never {@link GgufValueType#ARRAY}. */
  public GgufValueType elementType() {
    return elementType;
  }

  /** The number of elements. */
  public int size() {
    return size;
  }

  /**
   * An element of an array of whole numbers or truth values (0 or 1).
   *
   * @throws IllegalStateException if the elements are of another kind
   */
  public long integer(int index) {
    Objects.checkIndex(index, size);
    long at = (long) index * elementType.bytes();
    return switch (elementType) {
      case UINT8 -> data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
      case INT8 -> data.get(ValueLayout.JAVA_BYTE, at);
      case UINT16 -> data.get(SHORT, at) & 0xFFFF;
      case INT16 -> data.get(SHORT, at);
      case UINT32 -> data.get(INT, at) & 0xFFFF_FFFFL;
      case INT32 -> data.get(INT, at);
      case UINT64, INT64 -> data.get(LONG, at);
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, at) == 0 ? 0 : 1;
      case FLOAT32, FLOAT64, STRING, ARRAY -> throw wrongKind("integers");
    };
  }

  /**
   * An element of an array of numbers or truth values (0 or 1).
   *
   * @throws IllegalStateException if the elements are not numbers
   */
  public double number(int index) {
    Objects.checkIndex(index, size);
    return switch (elementType) {
      case FLOAT32 -> data.get(FLOAT, (long) index * Float.BYTES);
      case FLOAT64 -> data.get(DOUBLE, (long) index * Double.BYTES);
      case STRING, ARRAY -> throw wrongKind("numbers");
      default -> integer(index);
    };
  }

  /**
   * An element of an array of strings, with U+FFFD for malformed UTF-8.
   *
   * @throws IllegalStateException if the elements are not strings
   */
  public String string(int index) {
    return new String(bytes(index), StandardCharsets.UTF_8);
  }

  /**
   * The bytes of an element of an array of strings, as they are in the file.
   *
   * @throws IllegalStateException if the elements are not strings
   */
  public byte[] bytes(int index) {
    return raw(index).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The strings as a list that decodes on access. */
  public List<String> strings() {
    requireStrings();
    return new Strings();
  }

  /** The bytes of one string, as a view. */
  MemorySegment raw(int index) {
    requireStrings();
    Objects.checkIndex(index, size);
    long at = marks[index / STRIDE];
    for (int i = index % STRIDE; i > 0; i--) {
      at += Long.BYTES + data.get(LONG, at);
    }
    return data.asSlice(at + Long.BYTES, data.get(LONG, at));
  }

  /** All elements as they are stored. */
  MemorySegment data() {
    return data;
  }

  private void requireStrings() {
    if (elementType != GgufValueType.STRING) {
      throw wrongKind("strings");
    }
  }

  private IllegalStateException wrongKind(String wanted) {
    return new IllegalStateException("an array of " + elementType + " holds no " + wanted);
  }

  /** Whether the other array has the same type and the same stored bytes. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof GgufArray array
        && elementType == array.elementType
        && size == array.size
        && data.mismatch(array.data) == -1;
  }

  @Override
  public int hashCode() {
    return Objects.hash(elementType, size, data.byteSize());
  }

  /** Type and size, as in {@code arr[str,151936]}; not the elements. */
  @Override
  public String toString() {
    return "arr[" + elementType + "," + size + "]";
  }

  private final class Strings extends AbstractList<String> implements RandomAccess {
    @Override
    public String get(int index) {
      return string(index);
    }

    @Override
    public int size() {
      return size;
    }
  }
}
