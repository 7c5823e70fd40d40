package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;

/**
 * A writer that leaves out the body of an answer to HEAD, which Helidon would send.
 *
 * <p>For one thread: the connection's own.
 */
final class BodilessWriter implements DataWriter {
  private static final String END = "\r\n\r\n";

  private final DataWriter writer;
  private boolean bodiless;

  /** How much of {@link #END} the last bytes of the head were. */
  private int matched;

  BodilessWriter(DataWriter writer) {
    this.writer = writer;
  }

  /** Begins another answer. */
  void begin(boolean withoutBody) {
    bodiless = withoutBody;
    matched = 0;
  }

  @Override
  public void write(BufferData... buffers) {
    write(BufferData.create(buffers));
  }

  @Override
  public void write(BufferData buffer) {
    writer.write(cut(buffer));
  }

  @Override
  public void writeNow(BufferData... buffers) {
    writeNow(BufferData.create(buffers));
  }

  @Override
  public void writeNow(BufferData buffer) {
    writer.writeNow(cut(buffer));
  }

  @Override
  public void flush() {
    writer.flush();
  }

  @Override
  public void close() {
    writer.close();
  }

  private BufferData cut(BufferData buffer) {
    if (!bodiless) {
      return buffer;
    }
    byte[] bytes = buffer.readBytes();
    int length = 0;
    while (length < bytes.length && matched < END.length()) {
      byte b = bytes[length++];
      matched = b == END.charAt(matched) ? matched + 1 : b == END.charAt(0) ? 1 : 0;
    }
    return BufferData.create(bytes, 0, length);
  }
}
