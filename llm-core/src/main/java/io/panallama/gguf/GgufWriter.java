package io.panallama.gguf;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Writes GGUF version 3 files: metadata first, then tensors whose elements are requested as they are written.
 *
 * <pre>{@code
 * new GgufWriter()
 *     .put("general.architecture", "llama")
 *     .tensor("output_norm.weight", GgufType.F32, List.of(64L), FloatSource.constant(1))
 *     .write(Path.of("tiny.gguf"));
 * }</pre>
 *
 * <p>Holds a few kilobytes per tensor and no weights, so a model of any size can be written. Not thread-safe.
 */
public final class GgufWriter {
  /** The offset of every tensor is a multiple of this: {@code GGUF_DEFAULT_ALIGNMENT}. */
  public static final int ALIGNMENT = 32;

  private static final int VERSION = 3;
  private static final Set<GgufType> WRITABLE = Set.of(GgufType.F32, GgufType.F16, GgufType.BF16, GgufType.Q8_0);

  /** Number of elements converted at a time: a multiple of every block size. */
  private static final int CHUNK = 1 << 15;

  /** The largest value of a signed byte, to which the largest element of a Q8_0 block is scaled. */
  private static final float Q8_MAX = 127;

  private record Entry(GgufTensor tensor, FloatSource source) {}

  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private long dataBytes;

  /** Starts with no metadata and no tensors. */
  public GgufWriter() {}

  /** Sets a metadata value; a key that is already set keeps its position. */
  public GgufWriter put(String key, GgufValue value) {
    if (key.isEmpty() || key.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a key must not be empty or contain a zero");
    }
    metadata.put(key, value);
    return this;
  }

  /** Removes a metadata value. */
  public GgufWriter remove(String key) {
    metadata.remove(key);
    return this;
  }

  /** Sets a string. */
  public GgufWriter put(String key, String value) {
    return put(key, new GgufValue.Text(value));
  }

  /** Sets a {@link GgufValueType#UINT32}, the type of most numbers that llama.cpp reads. */
  public GgufWriter put(String key, long value) {
    return put(key, GgufValue.Int.u32(value));
  }

  /** Sets a {@link GgufValueType#FLOAT32}. */
  public GgufWriter put(String key, float value) {
    return put(key, GgufValue.Real.f32(value));
  }

  /** Sets a truth value. */
  public GgufWriter put(String key, boolean value) {
    return put(key, new GgufValue.Bool(value));
  }

  /** Sets an array of strings. */
  public GgufWriter put(String key, List<String> values) {
    return put(key, GgufArray.ofStrings(values));
  }

  /**
   * Adds a tensor.
   *
   * @param type F32, F16, BF16 or Q8_0; the elements are converted to it
   * @param dimensions number of elements per dimension, the fastest-changing one first
   * @param source supplies the elements while {@link #write} runs
   * @throws IllegalArgumentException for another type, a name that is taken or longer than 63 bytes, or dimensions that the type can't hold
   */
  public GgufWriter tensor(String name, GgufType type, List<Long> dimensions, FloatSource source) {
    if (!WRITABLE.contains(type)) {
      throw new IllegalArgumentException(type + " can't be written; these can: " + WRITABLE);
    }
    if (name.getBytes(StandardCharsets.UTF_8).length >= GgufTensor.NAME_LIMIT || tensors.containsKey(name)) {
      throw new IllegalArgumentException("the tensor name " + name + " is too long or taken");
    }
    if (dimensions.isEmpty() || dimensions.size() > GgufTensor.MAX_DIMENSIONS) {
      throw new IllegalArgumentException(dimensions.size() + " dimensions; 1 to 4 are possible");
    }
    long elements = 1;
    for (long dimension : dimensions) {
      if (dimension < 1) {
        throw new IllegalArgumentException("dimension " + dimension + " of " + name + " must be at least 1");
      }
      elements = Math.multiplyExact(elements, dimension);
    }
    if (dimensions.getFirst() % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          "rows of " + dimensions.getFirst() + " elements; " + type + " needs a multiple of " + type.blockSize());
    }
    GgufTensor tensor = new GgufTensor(name, type, dimensions, dataBytes, type.bytes(elements));
    tensors.put(name, new Entry(tensor, source));
    dataBytes = padded(Math.addExact(dataBytes, tensor.byteSize()));
    return this;
  }

  /**
   * Writes the file, at first under another name in the same folder, so that {@code path} always has either the complete file or its previous content.
   */
  public void write(Path path) throws IOException {
    // Not one of the JDK's temporary files, which only their owner can read.
    Path part = path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      try (OutputStream out =
          new BufferedOutputStream(Files.newOutputStream(part, StandardOpenOption.CREATE_NEW), 1 << 20)) {
        write(out);
      }
      Files.move(part, path, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** Writes the bytes of the file; the stream stays open. */
  public void write(OutputStream out) throws IOException {
    Sink sink = new Sink(out);
    sink.bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    sink.int32(VERSION);
    sink.int64(tensors.size());
    sink.int64(metadata.size());
    for (Map.Entry<String, GgufValue> entry : metadata.entrySet()) {
      sink.text(entry.getKey());
      value(sink, entry.getValue());
    }
    for (Entry entry : tensors.values()) {
      GgufTensor tensor = entry.tensor();
      sink.text(tensor.name());
      sink.int32(tensor.dimensions().size());
      for (long dimension : tensor.dimensions()) {
        sink.int64(dimension);
      }
      sink.int32(tensor.type().id());
      sink.int64(tensor.offset());
    }
    sink.pad();
    for (Entry entry : tensors.values()) {
      data(sink, entry);
      sink.pad();
    }
  }

  private static void value(Sink sink, GgufValue value) throws IOException {
    sink.int32(value.type().id());
    switch (value) {
      case GgufValue.Int number -> sink.integer(number.value(), number.type().bytes());
      case GgufValue.Real number ->
          sink.integer(
              number.type() == GgufValueType.FLOAT32
                  ? Float.floatToRawIntBits((float) number.value())
                  : Double.doubleToRawLongBits(number.value()),
              number.type().bytes());
      case GgufValue.Bool bool -> sink.integer(bool.value() ? 1 : 0, 1);
      case GgufValue.Text text -> sink.text(text.value());
      case GgufArray array -> {
        sink.int32(array.elementType().id());
        sink.int64(array.size());
        sink.bytes(array.data().toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  private static void data(Sink sink, Entry entry) throws IOException {
    GgufType type = entry.tensor().type();
    long elements = entry.tensor().elements();
    float[] values = new float[(int) Math.min(CHUNK, elements)];
    ByteBuffer bytes = ByteBuffer.allocate((int) type.bytes(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    for (long first = 0; first < elements; first += values.length) {
      int count = (int) Math.min(values.length, elements - first);
      entry.source().read(first, values, count);
      bytes.clear();
      encode(type, values, count, bytes);
      sink.bytes(bytes.array(), bytes.position());
    }
  }

  private static void encode(GgufType type, float[] values, int count, ByteBuffer out) {
    switch (type) {
      case F32 -> {
        for (int i = 0; i < count; i++) {
          out.putFloat(values[i]);
        }
      }
      case F16 -> {
        for (int i = 0; i < count; i++) {
          out.putShort(Float.floatToFloat16(values[i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          out.putShort(bfloat16(values[i]));
        }
      }
      case Q8_0 -> {
        for (int i = 0; i < count; i += type.blockSize()) {
          quantizeBlock(values, i, type.blockSize(), out);
        }
      }
      default -> throw new IllegalStateException(type.name());
    }
  }

  /** {@code ggml_compute_fp32_to_bf16}: round to nearest, ties to even; a NaN stays one. */
  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 64);
    }
    return (short) (bits + (0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /** {@code quantize_row_q8_0_ref} in {@code ggml-quants.c}: a half-precision scale, then signed bytes. */
  private static void quantizeBlock(float[] values, int from, int size, ByteBuffer out) {
    float largest = 0;
    for (int i = 0; i < size; i++) {
      largest = Math.max(largest, Math.abs(values[from + i]));
    }
    float scale = largest / Q8_MAX;
    float inverse = scale == 0 ? 0 : 1 / scale;
    out.putShort(Float.floatToFloat16(scale));
    for (int i = 0; i < size; i++) {
      float scaled = values[from + i] * inverse;
      out.put((byte) (scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5)));
    }
  }

  private static long padded(long offset) {
    return (offset + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Little-endian output that tracks its position. */
  private static final class Sink {
    private final OutputStream out;
    private final byte[] number = new byte[Long.BYTES];
    private long position;

    Sink(OutputStream out) {
      this.out = out;
    }

    void integer(long value, int width) throws IOException {
      for (int i = 0; i < width; i++) {
        number[i] = (byte) (value >>> 8 * i);
      }
      bytes(number, width);
    }

    void int32(int value) throws IOException {
      integer(value, Integer.BYTES);
    }

    void int64(long value) throws IOException {
      integer(value, Long.BYTES);
    }

    void text(String value) throws IOException {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      int64(bytes.length);
      bytes(bytes);
    }

    void bytes(byte[] bytes) throws IOException {
      bytes(bytes, bytes.length);
    }

    void bytes(byte[] bytes, int length) throws IOException {
      out.write(bytes, 0, length);
      position += length;
    }

    void pad() throws IOException {
      bytes(new byte[(int) (padded(position) - position)]);
    }
  }
}
