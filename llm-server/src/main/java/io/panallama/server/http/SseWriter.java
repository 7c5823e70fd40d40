package io.panallama.server.http;

import io.panallama.server.dialect.FrameSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes server-sent events, as section 9.2 of the WHATWG HTML standard frames them.
 *
 * <p>A line end inside data (CR, LF or CRLF) becomes a new {@code data:} line, which the reader joins with LF again; nothing in
 * the data can forge a field or an event.
 *
 * <p>For one thread: the request's own.
 */
public final class SseWriter extends FrameWriter {
  private static final byte[] DATA = ascii("data: ");
  private static final byte[] EVENT = ascii("event: ");
  private static final byte[] ID = ascii("id: ");
  private static final byte[] COMMENT = ascii(": ");

  /** A writer to {@code out}, which takes whole events. */
  public SseWriter(OutputStream out) {
    super(out);
  }

  /**
   * Writes an event whose data is the parts one after another.
   *
   * @param parts UTF-8
   * @throws IOException if the client has left
   */
  @Override
  public void data(byte[]... parts) throws IOException {
    append(DATA, 0, DATA.length);
    for (byte[] part : parts) {
      appendLines(part);
    }
    append('\n');
    append('\n');
    send();
  }

  /**
   * Writes an event with a type.
   *
   * @param type one line
   * @throws IOException if the client has left
   */
  @Override
  public void event(String type, byte[] data) throws IOException {
    appendLine(EVENT, type);
    data(data);
  }

  @Override
  void frame(FrameSource.Frame frame) throws IOException {
    String id = frame.id();
    if (id != null) {
      appendLine(ID, id);
    }
    super.frame(frame);
  }

  /**
   * Writes a comment, which readers skip: a heartbeat.
   *
   * @param text one line
   * @throws IOException if the client has left
   */
  @Override
  void comment(String text) throws IOException {
    appendLine(COMMENT, text);
    append('\n');
    send();
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

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
