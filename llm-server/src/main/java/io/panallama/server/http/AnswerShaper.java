package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A writer that gives an answer the form which its request asks for. Helidon writes every answer as if to a GET or POST of HTTP/1.1: one
 * to HEAD has a body, and a stream has chunks, which a client of HTTP/1.0 would take for its text and HTTP/2 does not have.
 *
 * <p>For one thread: the connection's own.
 */
final class AnswerShaper implements DataWriter {
  /** What is done to an answer. */
  enum Form {
    /** Nothing. */
    AS_IT_IS,
    /** Its body is left out. */
    WITHOUT_BODY,
    /** Its chunks are written without their framing; the end of the connection, or of the stream, ends it. */
    WITHOUT_CHUNKS
  }

  private enum Part {
    HEAD,
    BODY,
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_END,
    NOTHING
  }

  private final DataWriter writer;
  private Form form = Form.AS_IT_IS;
  private boolean withoutLength;
  private Part part = Part.HEAD;

  /** The head, or the line of a chunk's size, as far as it has been written. */
  private final StringBuilder text = new StringBuilder();

  /** Bytes of the chunk that are still to come. */
  private int remaining;

  AnswerShaper(DataWriter writer) {
    this.writer = writer;
  }

  /** Begins another answer. */
  void begin(Form next) {
    form = next;
    withoutLength = false;
    part = Part.HEAD;
    text.setLength(0);
  }

  /** Leaves the length out of an answer that has no body, as RFC 9110, 8.6, wants it for a 204. Before the answer is written. */
  void leaveOutLength() {
    withoutLength = true;
    form = form == Form.AS_IT_IS ? Form.WITHOUT_CHUNKS : form;
  }

  /** Whether nothing is known to be missing of an answer that is shaped. Only its chunks tell that. */
  boolean isComplete() {
    return part == Part.BODY || part == Part.NOTHING;
  }

  @Override
  public void write(BufferData... buffers) {
    write(BufferData.create(buffers));
  }

  @Override
  public void write(BufferData buffer) {
    BufferData shaped = shaped(buffer);
    if (!shaped.consumed()) {
      writer.write(shaped);
    }
  }

  @Override
  public void writeNow(BufferData... buffers) {
    writeNow(BufferData.create(buffers));
  }

  @Override
  public void writeNow(BufferData buffer) {
    BufferData shaped = shaped(buffer);
    if (!shaped.consumed()) {
      writer.writeNow(shaped);
    }
  }

  @Override
  public void flush() {
    writer.flush();
  }

  @Override
  public void close() {
    writer.close();
  }

  private BufferData shaped(BufferData buffer) {
    if (form == Form.AS_IT_IS) {
      return buffer;
    }
    byte[] in = buffer.readBytes();
    ByteArrayOutputStream out = new ByteArrayOutputStream(in.length);
    for (int at = 0; at < in.length; ) {
      at += take(in, at, out);
    }
    return BufferData.create(out.toByteArray());
  }

  /** Takes at least one byte; how many. */
  private int take(byte[] in, int at, ByteArrayOutputStream out) {
    int all = in.length - at;
    switch (part) {
      case HEAD -> head((char) (in[at] & 0xFF), out);
      case BODY -> {
        out.write(in, at, all);
        return all;
      }
      case CHUNK_SIZE -> size((char) (in[at] & 0xFF));
      case CHUNK_DATA -> {
        int length = Math.min(all, remaining);
        out.write(in, at, length);
        remaining -= length;
        if (remaining == 0) {
          part = Part.CHUNK_END;
        }
        return length;
      }
      case CHUNK_END -> part = in[at] == '\n' ? Part.CHUNK_SIZE : Part.CHUNK_END;
      case NOTHING -> {
        return all;
      }
    }
    return 1;
  }

  private void head(char c, ByteArrayOutputStream out) {
    text.append(c);
    if (c != '\n' || text.indexOf("\r\n\r\n") < 0) {
      return;
    }
    boolean chunked = false;
    for (String line : text.substring(0, text.length() - 2).split("(?<=\n)")) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (form == Form.WITHOUT_CHUNKS && lower.startsWith("transfer-encoding:")) {
        chunked = true;
      } else if (!withoutLength || !lower.startsWith("content-length:")) {
        out.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    out.write('\r');
    out.write('\n');
    text.setLength(0);
    part = form == Form.WITHOUT_BODY ? Part.NOTHING : chunked ? Part.CHUNK_SIZE : Part.BODY;
  }

  private void size(char c) {
    if (c != '\n') {
      text.append(c);
      return;
    }
    remaining = Integer.parseInt(text.toString().strip(), 16);
    text.setLength(0);
    part = remaining == 0 ? Part.NOTHING : Part.CHUNK_DATA;
  }
}
