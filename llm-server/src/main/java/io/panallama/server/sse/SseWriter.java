package io.panallama.server.sse;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes server-sent events: one write and one flush per event, so that an event leaves the moment it is complete.
 *
 * <p>A line end inside data (CR, LF or CRLF) becomes a new {@code data:} line, which the reader joins with LF again;
 * nothing in the data can forge a field or an event. The buffer is reused: an event of ordinary size allocates nothing
 * here.
 *
 * <p>For one thread: the request's own.
 */
public final class SseWriter {
  private static final byte[] DATA = ascii("data: ");
  private static final byte[] EVENT = ascii("event: ");
  private static final byte[] COMMENT = ascii(": ");

  private final OutputStream out;
  private byte[] buffer = new byte[1024];
  private int size;

  public SseWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * Writes an event whose data is the parts one after another.
   *
   * @param parts UTF-8
   * @throws IOException if the client is gone
   */
  public void data(byte[]... parts) throws IOException {
    append(DATA, 0, DATA.length);
    for (byte[] part : parts) {
      appendLines(part);
    }
    send();
  }

  /**
   * Writes an event with a type.
   *
   * @param type one line
   * @throws IOException if the client is gone
   */
  public void event(String type, byte[] data) throws IOException {
    appendLine(EVENT, type);
    data(data);
  }

  /**
   * Writes a comment, which readers skip: a heartbeat.
   *
   * @param text one line
   * @throws IOException if the client is gone
   */
  public void comment(String text) throws IOException {
    appendLine(COMMENT, text);
    sendBuffer();
  }

  private void appendLine(byte[] field, String text) {
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
      throw new IllegalArgumentException("An SSE field must be one line.");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    append(field, 0, field.length);
    append(bytes, 0, bytes.length);
    append('\n');
  }

  private void appendLines(byte[] part) {
    int from = 0;
    for (int i = 0; i < part.length; i++) {
      byte b = part[i];
      if (b == '\n' || b == '\r') {
        append(part, from, i);
        boolean crlf = b == '\r' && i + 1 < part.length && part[i + 1] == '\n';
        if (crlf) {
          i++;
        }
        from = i + 1;
        append('\n');
        append(DATA, 0, DATA.length);
      }
    }
    append(part, from, part.length);
  }

  private void send() throws IOException {
    append('\n');
    sendBuffer();
  }

  private void sendBuffer() throws IOException {
    append('\n');
    int length = size;
    size = 0;
    out.write(buffer, 0, length);
    out.flush();
  }

  private void append(char c) {
    ensure(1);
    buffer[size++] = (byte) c;
  }

  private void append(byte[] bytes, int from, int to) {
    int length = to - from;
    ensure(length);
    System.arraycopy(bytes, from, buffer, size, length);
    size += length;
  }

  private void ensure(int more) {
    if (size + more > buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + more));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
