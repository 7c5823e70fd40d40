package io.panallama.internal.worker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads the values of a frame in the order in which {@link Output} wrote them. Not thread-safe.
 *
 * <p>Both sides are the same version of the same program, so a value that does not fit is a defect or damage, and ends
 * the connection with a {@link WireException}.
 */
public final class Input {
  private final byte[] bytes;
  private final int limit;
  private int position;

  public Input(byte[] bytes, int from, int limit) {
    this.bytes = bytes;
    this.position = from;
    this.limit = limit;
  }

  public Input(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  private int next() {
    if (position >= limit) {
      throw new WireException("a frame is too short");
    }
    return bytes[position++] & 0xFF;
  }

  private int count(int least) {
    int count = integer();
    if (count < 0 || (long) count * least > limit - position) {
      throw new WireException("a frame announces " + count + " values and has " + (limit - position) + " bytes left");
    }
    return count;
  }

  public boolean isEmpty() {
    return position == limit;
  }

  public boolean flag() {
    return next() != 0;
  }

  public int integer() {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int part = next();
      value |= (part & 0x7F) << shift;
      if (part < 0x80) {
        return value;
      }
    }
    throw new WireException("a number does not end");
  }

  public long number() {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      int part = next();
      value |= (long) (part & 0x7F) << shift;
      if (part < 0x80) {
        return value;
      }
    }
    throw new WireException("a number does not end");
  }

  public float real() {
    int bits = 0;
    for (int i = 0; i < 4; i++) {
      bits = bits << 8 | next();
    }
    return Float.intBitsToFloat(bits);
  }

  public double wide() {
    return Double.longBitsToDouble(number());
  }

  public <E extends Enum<E>> E constant(Class<E> type) {
    E[] all = type.getEnumConstants();
    int ordinal = integer();
    if (ordinal < 0 || ordinal >= all.length) {
      throw new WireException(type.getSimpleName() + " has no constant " + ordinal);
    }
    return all[ordinal];
  }

  public Duration duration() {
    long seconds = number();
    return Duration.ofSeconds(seconds, integer());
  }

  public String text() {
    if (integer() == 0) {
      int length = count(1);
      String text = new String(bytes, position, length, StandardCharsets.UTF_8);
      position += length;
      return text;
    }
    char[] chars = new char[count(1)];
    for (int i = 0; i < chars.length; i++) {
      chars[i] = (char) integer();
    }
    return new String(chars);
  }

  public byte[] bytes() {
    int length = count(1);
    position += length;
    return Arrays.copyOfRange(bytes, position - length, position);
  }

  /** Everything that is left. */
  public byte[] rest() {
    byte[] left = Arrays.copyOfRange(bytes, position, limit);
    position = limit;
    return left;
  }

  public float[] reals() {
    float[] values = new float[count(Float.BYTES)];
    ByteBuffer.wrap(bytes, position, values.length * Float.BYTES).asFloatBuffer().get(values);
    position += values.length * Float.BYTES;
    return values;
  }

  public int[] integers() {
    int[] values = new int[count(1)];
    for (int i = 0; i < values.length; i++) {
      values[i] = integer();
    }
    return values;
  }

  public <T> List<T> list(Function<Input, T> reader) {
    int count = count(0);
    List<T> values = new ArrayList<>(Math.min(count, 1 << 16));
    for (int i = 0; i < count; i++) {
      values.add(reader.apply(this));
    }
    return values;
  }

  public <K, V> Map<K, V> map(Function<Input, K> keys, Function<Input, V> entries) {
    int count = count(1);
    Map<K, V> values = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      K key = keys.apply(this);
      values.put(key, entries.apply(this));
    }
    return values;
  }

  public <T> Optional<T> optional(Function<Input, T> reader) {
    return flag() ? Optional.of(reader.apply(this)) : Optional.empty();
  }
}
