package io.panallama.internal.worker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A growing buffer of frames and of the values in them. A frame is its length in four bytes, the kind in one, and its
 * values. Not thread-safe.
 */
public final class Output {
  private static final int PLAIN = 0;
  private static final int UTF16 = 1;

  private byte[] bytes;
  private int length;
  private int frame = -1;

  public Output() {
    this(256);
  }

  public Output(int capacity) {
    bytes = new byte[capacity];
  }

  // ---- frames ----

  /** Begins a frame, which lasts until {@link #end}. */
  public Output begin(FrameKind kind) {
    if (frame >= 0) {
      throw new IllegalStateException("the frame before has not ended");
    }
    frame = length;
    room(5);
    length += 4;
    bytes[length++] = (byte) kind.ordinal();
    return this;
  }

  public Output end() {
    int size = length - frame - 4;
    bytes[frame] = (byte) (size >>> 24);
    bytes[frame + 1] = (byte) (size >>> 16);
    bytes[frame + 2] = (byte) (size >>> 8);
    bytes[frame + 3] = (byte) size;
    frame = -1;
    return this;
  }

  /** What was written since the last {@link #clear}; a view that is valid until the next write. */
  public ByteBuffer view() {
    return ByteBuffer.wrap(bytes, 0, length);
  }

  /** A copy of what was written. */
  public byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  public int length() {
    return length;
  }

  /** Forgets what was written. A buffer that an unusual frame has made large is given back. */
  public void clear() {
    length = 0;
    frame = -1;
    if (bytes.length > 1 << 20) {
      bytes = new byte[1 << 16];
    }
  }

  // ---- values ----

  public Output put(boolean value) {
    room(1);
    bytes[length++] = (byte) (value ? 1 : 0);
    return this;
  }

  /** An int in one to five bytes; small ones that are not negative are shortest. */
  public Output put(int value) {
    room(5);
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      bytes[length++] = (byte) (rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
    return this;
  }

  /** A long in one to ten bytes; small ones that are not negative are shortest. */
  public Output put(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[length++] = (byte) (rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
    return this;
  }

  public Output put(float value) {
    int bits = Float.floatToRawIntBits(value);
    room(4);
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (bits >>> shift);
    }
    return this;
  }

  public Output put(double value) {
    return put(Double.doubleToRawLongBits(value));
  }

  public Output put(Enum<?> value) {
    return put(value.ordinal());
  }

  public Output put(Duration value) {
    return put(value.getSeconds()).put(value.getNano());
  }

  /** A text, as UTF-8 unless a half of a surrogate pair would be lost. */
  public Output put(String value) {
    if (isWhole(value)) {
      byte[] text = value.getBytes(StandardCharsets.UTF_8);
      put(PLAIN);
      return put(text);
    }
    put(UTF16);
    put(value.length());
    for (int i = 0; i < value.length(); i++) {
      put((int) value.charAt(i));
    }
    return this;
  }

  private static boolean isWhole(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c) || i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  public Output put(byte[] value) {
    put(value.length);
    return raw(value);
  }

  /** Bytes without their number. */
  public Output raw(byte[] value) {
    room(value.length);
    System.arraycopy(value, 0, bytes, length, value.length);
    length += value.length;
    return this;
  }

  public Output put(float[] values) {
    put(values.length);
    room(Math.multiplyExact(values.length, Float.BYTES));
    ByteBuffer.wrap(bytes, length, values.length * Float.BYTES).asFloatBuffer().put(values);
    length += values.length * Float.BYTES;
    return this;
  }

  public Output put(int[] values) {
    return put(values, values.length);
  }

  /** The first {@code count} of these. */
  public Output put(int[] values, int count) {
    put(count);
    for (int i = 0; i < count; i++) {
      put(values[i]);
    }
    return this;
  }

  public <T> Output put(Collection<T> values, BiConsumer<Output, T> writer) {
    put(values.size());
    values.forEach(value -> writer.accept(this, value));
    return this;
  }

  public <K, V> Output put(Map<K, V> values, BiConsumer<Output, K> keys, BiConsumer<Output, V> entries) {
    put(values.size());
    values.forEach((key, value) -> {
      keys.accept(this, key);
      entries.accept(this, value);
    });
    return this;
  }

  public <T> Output put(Optional<T> value, BiConsumer<Output, T> writer) {
    put(value.isPresent());
    value.ifPresent(present -> writer.accept(this, present));
    return this;
  }

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(length, more), Math.min(2 * bytes.length, 1 << 30)));
    }
  }
}
