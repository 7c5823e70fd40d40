package io.panallama.server.http;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes newline-delimited JSON. A line end inside a document can only be white space, since JSON escapes it in texts, so it
 * becomes a space.
 */
final class NdjsonWriter extends FrameWriter {
  NdjsonWriter(OutputStream out) {
    super(out);
  }

  @Override
  public void data(byte[]... parts) throws IOException {
    for (byte[] part : parts) {
      int from = 0;
      for (int i = 0; i < part.length; i++) {
        if (part[i] == '\n' || part[i] == '\r') {
          append(part, from, i);
          append(' ');
          from = i + 1;
        }
      }
      append(part, from, part.length);
    }
    append('\n');
    send();
  }

  /** Lines have no types; the document itself tells its type. */
  @Override
  public void event(String type, byte[] data) throws IOException {
    data(data);
  }

  /** Readers take an empty line for a broken document, so no heartbeat is sent. */
  @Override
  void comment(String text) throws IOException {
    flush();
  }
}
