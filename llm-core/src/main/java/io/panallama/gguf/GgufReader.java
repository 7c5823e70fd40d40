package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parses and checks a GGUF header. Follows {@code gguf_init_from_reader} in {@code ggml/src/gguf.cpp} of llama.cpp
 * v0.5.0 and is nowhere more permissive.
 */
final class GgufReader {
  private static final byte[] MAGIC = {'G', 'G', 'U', 'F'};
  private static final int OLDEST_VERSION = 2;
  private static final int NEWEST_VERSION = 3;

  /** {@code GGUF_DEFAULT_ALIGNMENT}. */
  private static final int DEFAULT_ALIGNMENT = 32;

  private static final String ALIGNMENT_KEY = "general.alignment";

  /** Tensor alignment is at most this, far above a page; more padding would only hide data. */
  private static final int MAX_ALIGNMENT = 1 << 20;

  /**
   * The maximum number of keys and of tensors in a file. The largest models have a few thousand of either; llama.cpp compares every name with all those before it, so a million of them would take minutes.
   */
  private static final int MAX_ENTRIES = 1 << 16;

  /** The GGUF specification limits keys to 65,535 bytes. */
  private static final int MAX_KEY_BYTES = (1 << 16) - 1;

  /** {@code GGUF_MAX_ARRAY_ELEMENTS}. */
  private static final int MAX_ARRAY_ELEMENTS = 1 << 30;

  /** The maximum number of strings in an array; the largest vocabularies have some 300,000 tokens and 500,000 merges. */
  private static final int MAX_ARRAY_STRINGS = 1 << 24;

  private final Path path;
  private final MemorySegment file;
  private final GgufCursor cursor;

  private GgufReader(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
    this.cursor = new GgufCursor(path, file);
  }

  static GgufFile read(Path path) {
    if (!Files.exists(path) && !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw fault(Reason.NOT_FOUND, path, "there is no such file");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      String kind = Files.isDirectory(path) ? "is a directory" : "is not a regular file";
      throw fault(Reason.NOT_A_FILE, path, kind + "; expected the path of a GGUF file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size == 0) {
        throw fault(Reason.EMPTY, path, "the file is empty");
      }
      // Released by the garbage collector, because the arrays of the GgufFile are views of it.
      MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, size, Arena.ofAuto());
      return new GgufReader(path, mapped).parse();
    } catch (NoSuchFileException e) {
      throw new ModelLoadException(Reason.NOT_FOUND, path, path + ": there is no such file", e);
    } catch (AccessDeniedException e) {
      throw new ModelLoadException(Reason.NOT_READABLE, path, path + ": this process may not read the file", e);
    } catch (IOException e) {
      throw new ModelLoadException(Reason.NOT_READABLE, path, path + ": the file can't be read: " + e.getMessage(), e);
    } catch (InternalError e) {
      // Thrown when a page beyond the new end of a shrunken file is accessed.
      throw new ModelLoadException(Reason.TRUNCATED, path, path + ": the file shrank while it was read", e);
    }
  }

  private GgufFile parse() {
    checkMagic();
    int version = version();
    int tensorCount = count("tensors");
    int keyCount = count("metadata keys");
    Map<String, GgufValue> metadata = metadata(keyCount);
    int alignment = alignment(metadata);
    Map<String, GgufTensor> tensors = tensors(tensorCount, alignment);
    long dataOffset = cursor.position();
    if (!tensors.isEmpty()) {
      dataOffset = padded(dataOffset, alignment);
      checkInside(tensors, dataOffset);
    }
    return new GgufFile(
        path,
        file.byteSize(),
        version,
        alignment,
        dataOffset,
        Collections.unmodifiableMap(metadata),
        Collections.unmodifiableMap(tensors));
  }

  private void checkMagic() {
    int available = (int) Math.min(MAGIC.length, file.byteSize());
    byte[] start = file.asSlice(0, available).toArray(ValueLayout.JAVA_BYTE);
    for (int i = 0; i < available; i++) {
      if (start[i] != MAGIC[i]) {
        throw fault(Reason.NOT_GGUF, path, "not a GGUF file: it begins with " + display(start) + ", expected \"GGUF\"");
      }
    }
    cursor.take(MAGIC.length, "the magic \"GGUF\"");
  }

  private static String display(byte[] bytes) {
    for (byte b : bytes) {
      if (b < ' ' || b > '~') {
        return "the bytes " + HexFormat.ofDelimiter(" ").formatHex(bytes);
      }
    }
    return "\"" + new String(bytes, StandardCharsets.US_ASCII) + "\"";
  }

  private int version() {
    long at = cursor.position();
    int version = cursor.int32("the GGUF version");
    if (version >= OLDEST_VERSION && version <= NEWEST_VERSION) {
      return version;
    }
    String hint = (version & 0xFFFF) == 0 && version != 0 ? "; the file is in big-endian byte order" : "";
    throw cursor.unsupported(
        at, "the GGUF version is " + Integer.toUnsignedString(version) + ", expected 2 or 3" + hint);
  }

  private int count(String what) {
    long at = cursor.position();
    long count = cursor.int64("the number of " + what);
    if (count < 0 || count > MAX_ENTRIES) {
      throw cursor.corrupt(
          at, "the number of " + what + " is " + Long.toUnsignedString(count) + "; at most " + MAX_ENTRIES);
    }
    return (int) count;
  }

  private Map<String, GgufValue> metadata(int count) {
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      long at = cursor.position();
      String key = cursor.name(MAX_KEY_BYTES, false, "metadata key " + i);
      if (metadata.containsKey(key)) {
        throw cursor.corrupt(at, "the key " + key + " occurs twice");
      }
      metadata.put(key, value(key));
    }
    return metadata;
  }

  private GgufValue value(String key) {
    String what = "the value of " + key;
    GgufValueType type = valueType(what);
    if (type != GgufValueType.ARRAY && type != GgufValueType.STRING) {
      return scalar(type, cursor.take(type.bytes(), what));
    }
    return type == GgufValueType.STRING ? new GgufValue.Text(cursor.text(what)) : array(key);
  }

  private GgufValueType valueType(String what) {
    long at = cursor.position();
    int id = cursor.int32("the type of " + what);
    return GgufValueType.ofId(id)
        .orElseThrow(() ->
            cursor.unsupported(
                at, what + " is of type " + Integer.toUnsignedString(id) + ", expected 0 (u8) to 12 (f64)"));
  }

  private static GgufValue scalar(GgufValueType type, MemorySegment data) {
    return switch (type) {
      case FLOAT32 -> new GgufValue.Real(type, data.get(GgufArray.FLOAT, 0));
      case FLOAT64 -> new GgufValue.Real(type, data.get(GgufArray.DOUBLE, 0));
      case BOOL -> new GgufValue.Bool(data.get(ValueLayout.JAVA_BYTE, 0) != 0);
      default -> new GgufValue.Int(type, new GgufArray(type, 1, data, new long[0]).integer(0));
    };
  }

  private GgufArray array(String key) {
    long at = cursor.position();
    GgufValueType type = valueType("an element of " + key);
    if (type == GgufValueType.ARRAY) {
      throw cursor.unsupported(at, key + " is an array of arrays, which llama.cpp does not read");
    }
    long countAt = cursor.position();
    long count = cursor.int64("the size of array " + key);
    boolean strings = type == GgufValueType.STRING;
    int limit = strings ? MAX_ARRAY_STRINGS : MAX_ARRAY_ELEMENTS;
    if (count < 0 || count > limit) {
      throw cursor.corrupt(
          countAt, "array " + key + " has " + Long.toUnsignedString(count) + " elements; at most " + limit);
    }
    int size = (int) count;
    String what = "array " + key;
    if (!strings) {
      return new GgufArray(type, size, cursor.take(count * type.bytes(), what), new long[0]);
    }
    if (count > (file.byteSize() - cursor.position()) / Long.BYTES) {
      cursor.take(count * Long.BYTES, what); // ends here: every string has a length of 8 bytes
    }
    long start = cursor.position();
    long[] marks = new long[GgufArray.marks(size)];
    for (int i = 0; i < size; i++) {
      if (i % GgufArray.STRIDE == 0) {
        marks[i / GgufArray.STRIDE] = cursor.position() - start;
      }
      cursor.skipString(what);
    }
    return new GgufArray(type, size, file.asSlice(start, cursor.position() - start), marks);
  }

  private int alignment(Map<String, GgufValue> metadata) {
    GgufValue value = metadata.get(ALIGNMENT_KEY);
    if (value == null) {
      return DEFAULT_ALIGNMENT;
    }
    if (value.type() != GgufValueType.UINT32) {
      throw fault(Reason.CORRUPT, path, ALIGNMENT_KEY + " is of type " + value.type() + ", expected u32");
    }
    long alignment = ((GgufValue.Int) value).value();
    if (Long.bitCount(alignment) != 1 || alignment > MAX_ALIGNMENT) {
      throw fault(
          Reason.CORRUPT,
          path,
          ALIGNMENT_KEY + " is " + alignment + ", expected a power of two up to " + MAX_ALIGNMENT);
    }
    return (int) alignment;
  }

  private Map<String, GgufTensor> tensors(int count, int alignment) {
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    long expectedOffset = 0;
    for (int i = 0; i < count; i++) {
      long at = cursor.position();
      String name = cursor.name(GgufTensor.NAME_LIMIT - 1, true, "the name of tensor " + i);
      if (tensors.containsKey(name)) {
        throw cursor.corrupt(at, "the tensor " + name + " occurs twice");
      }
      GgufTensor tensor = tensor(name);
      if (tensor.offset() != expectedOffset) {
        throw cursor.corrupt(
            at,
            "tensor "
                + name
                + " begins at offset "
                + Long.toUnsignedString(tensor.offset())
                + " of the data, expected "
                + expectedOffset
                + ", the end of the tensor before it");
      }
      expectedOffset = nextOffset(tensor, alignment, at);
      tensors.put(name, tensor);
    }
    return tensors;
  }

  private GgufTensor tensor(String name) {
    String what = "tensor " + name;
    long at = cursor.position();
    int rank = cursor.int32("the number of dimensions of " + what);
    if (rank < 0 || rank > GgufTensor.MAX_DIMENSIONS) {
      throw cursor.corrupt(
          at, what + " has " + Integer.toUnsignedString(rank) + " dimensions; at most " + GgufTensor.MAX_DIMENSIONS);
    }
    List<Long> dimensions = new ArrayList<>(rank);
    long elements = 1;
    for (int i = 0; i < rank; i++) {
      long dimensionAt = cursor.position();
      long dimension = cursor.int64("dimension " + i + " of " + what);
      if (dimension < 1 || dimension > Long.MAX_VALUE / elements - 1) {
        throw cursor.corrupt(
            dimensionAt,
            "dimension "
                + i
                + " of "
                + what
                + " is "
                + Long.toUnsignedString(dimension)
                + ", expected 1 or more, and"
                + " fewer than 2^63 elements in all");
      }
      elements *= dimension;
      dimensions.add(dimension);
    }
    long typeAt = cursor.position();
    int id = cursor.int32("the type of " + what);
    GgufType type =
        GgufType.ofId(id)
            .orElseThrow(() ->
                cursor.unsupported(
                    typeAt, what + " is of type " + Integer.toUnsignedString(id) + ", which ggml does not have"));
    long row = rank == 0 ? 1 : dimensions.getFirst();
    if (row % type.blockSize() != 0) {
      throw cursor.corrupt(
          typeAt,
          what + " has rows of " + row + " elements, expected a multiple of " + type.blockSize() + " in " + type);
    }
    long bytes;
    try {
      bytes = type.bytes(elements);
    } catch (ArithmeticException e) {
      throw cursor.corrupt(typeAt, what + " has " + elements + " elements of " + type + ", more than 2^63 bytes");
    }
    return new GgufTensor(name, type, dimensions, cursor.int64("the offset of " + what), bytes);
  }

  private long nextOffset(GgufTensor tensor, int alignment, long at) {
    try {
      return Math.addExact(tensor.offset(), Math.addExact(tensor.byteSize(), alignment - 1L) & -alignment);
    } catch (ArithmeticException e) {
      throw cursor.corrupt(at, "the tensors up to " + tensor.name() + " take more than 2^63 bytes");
    }
  }

  private void checkInside(Map<String, GgufTensor> tensors, long dataOffset) {
    for (GgufTensor tensor : tensors.values()) {
      long available = file.byteSize() - dataOffset - tensor.offset();
      if (available < tensor.byteSize()) {
        throw fault(
            Reason.TRUNCATED,
            path,
            "the file ends at byte "
                + file.byteSize()
                + ", but tensor "
                + tensor.name()
                + " takes "
                + tensor.byteSize()
                + " bytes from byte "
                + (dataOffset + tensor.offset())
                + "; the download or copy is incomplete");
      }
    }
  }

  private static long padded(long offset, int alignment) {
    return (offset + alignment - 1) & -alignment;
  }

  private static ModelLoadException fault(Reason reason, Path path, String problem) {
    return new ModelLoadException(reason, path, path + ": " + problem, null);
  }
}
