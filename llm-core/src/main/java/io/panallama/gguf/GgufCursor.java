package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A position in a mapped GGUF header; every read is first checked against the end of the file. */
final class GgufCursor {
  /**
   * The maximum bytes of text that a header may ask to decode: keys, tensor names and single strings, not arrays. Chat templates, the largest of them, have tens of kilobytes; this bounds the heap that a malicious file can use.
   */
  private static final long TEXT_LIMIT = 64L << 20;

  private final Path path;
  private final MemorySegment file;
  private long position;
  private long textBytes;

  GgufCursor(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
  }

  long position() {
    return position;
  }

  int int32(String what) {
    require(Integer.BYTES, what);
    int value = file.get(GgufArray.INT, position);
    position += Integer.BYTES;
    return value;
  }

  long int64(String what) {
    require(Long.BYTES, what);
    long value = file.get(GgufArray.LONG, position);
    position += Long.BYTES;
    return value;
  }

  /** The next {@code bytes} bytes as a view. */
  MemorySegment take(long bytes, String what) {
    require(bytes, what);
    MemorySegment slice = file.asSlice(position, bytes);
    position += bytes;
    return slice;
  }

  /** Skips a string and its length. */
  void skipString(String what) {
    long start = position;
    long length = int64(what);
    checkLength(start, length, file.byteSize(), what);
    require(length, what);
    position += length;
  }

  /** A string; malformed UTF-8 becomes U+FFFD. */
  String text(String what) {
    return StandardCharsets.UTF_8.decode(stringBytes(TEXT_LIMIT, what)).toString();
  }

  /**
   * A key or a tensor name: not empty unless allowed, at most {@code limit} bytes, valid UTF-8, and without a zero byte, at which llama.cpp, which handles names as C strings, would truncate it.
   */
  String name(long limit, boolean mayBeEmpty, String what) {
    long start = position;
    ByteBuffer bytes = stringBytes(limit, what);
    String name;
    try {
      name = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw corrupt(start, what + " is not valid UTF-8");
    }
    if (name.isEmpty() && !mayBeEmpty) {
      throw corrupt(start, what + " is empty");
    }
    if (name.indexOf('\0') >= 0) {
      throw corrupt(start, what + " contains a zero byte");
    }
    return name;
  }

  private ByteBuffer stringBytes(long limit, String what) {
    long start = position;
    long length = int64(what);
    checkLength(start, length, limit, what);
    require(length, what);
    textBytes += length;
    if (textBytes > TEXT_LIMIT) {
      throw corrupt(start, "keys, names and strings take more than the " + TEXT_LIMIT + " bytes allowed");
    }
    ByteBuffer bytes = ByteBuffer.wrap(file.asSlice(position, length).toArray(ValueLayout.JAVA_BYTE));
    position += length;
    return bytes;
  }

  private void checkLength(long start, long length, long limit, String what) {
    if (length < 0 || length > Math.max(limit, file.byteSize())) {
      throw corrupt(
          start, what + " has a length of " + Long.toUnsignedString(length) + " bytes, more than the whole file");
    }
    if (length > limit) {
      throw corrupt(start, what + " has a length of " + length + " bytes; at most " + limit + " are allowed");
    }
  }

  private void require(long bytes, String what) {
    if (bytes > file.byteSize() - position) {
      throw new ModelLoadException(
          Reason.TRUNCATED,
          path,
          path
              + ": the file ends at byte "
              + file.byteSize()
              + ", in the middle of "
              + what
              + ", which needs "
              + bytes
              + " bytes from byte "
              + position
              + "; it is cut short, or not a model",
          null);
    }
  }

  ModelLoadException corrupt(long at, String problem) {
    return new ModelLoadException(Reason.CORRUPT, path, path + ": at byte " + at + ", " + problem, null);
  }

  ModelLoadException unsupported(long at, String problem) {
    return new ModelLoadException(Reason.UNSUPPORTED_FORMAT, path, path + ": at byte " + at + ", " + problem, null);
  }
}
