package io.panallama.models.internal.onnx;

import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * The bytes of a buffer as a stream. Protobuf's own reader of direct buffers would use {@code sun.misc.Unsafe}, about
 * which the JVM prints a warning.
 */
final class ByteBufferStream extends InputStream {
  private final ByteBuffer bytes;

  ByteBufferStream(ByteBuffer bytes) {
    this.bytes = bytes.duplicate();
  }

  @Override
  public int read() {
    return bytes.hasRemaining() ? bytes.get() & 0xFF : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    if (length > 0 && !bytes.hasRemaining()) {
      return -1;
    }
    int count = Math.min(length, bytes.remaining());
    bytes.get(target, offset, count);
    return count;
  }

  @Override
  public long skip(long count) {
    int skipped = Math.clamp(count, 0, bytes.remaining());
    bytes.position(bytes.position() + skipped);
    return skipped;
  }

  @Override
  public int available() {
    return bytes.remaining();
  }
}
