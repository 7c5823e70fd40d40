package io.panallama.server.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Writes an answer of HTTP/1.1 as frames of a stream. A body leaves as it comes, as far as the client's windows allow; beyond that the
 * writer waits.
 *
 * <p>For one thread: the stream's own.
 */
final class Http2Answer {
  /** RFC 9113, 8.2.2: what belongs to a connection of HTTP/1.1. */
  private static final Set<String> CONNECTION_FIELDS = Set.of("connection", "keep-alive", "transfer-encoding");

  private final int stream;
  private final Http2Output out;
  private final Http2Windows windows;
  private final Http2Windows.Window window;

  /** The head as far as it has been written. */
  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private boolean inBody;

  /** Bytes of the body that are still to come; -1 if the answer doesn't say. */
  private long remaining = -1;

  private boolean bodyBegun;
  private boolean complete;

  Http2Answer(int stream, Http2Output out, Http2Windows windows, Http2Windows.Window window) {
    this.stream = stream;
    this.out = out;
    this.windows = windows;
    this.window = window;
  }

  /**
   * Writes bytes of the answer, whose body has no chunks.
   *
   * @throws UncheckedIOException if the stream has ended
   */
  void write(byte[] bytes) {
    int at = 0;
    while (!inBody && at < bytes.length) {
      head.write(bytes[at++]);
      if (bytes[at - 1] == '\n') {
        headLine();
      }
    }
    while (at < bytes.length) {
      int length = windows.take(window, Math.min(bytes.length - at, Http2Output.MAX_FRAME));
      if (length == 0) {
        throw gone();
      }
      bodyBegun = true;
      remaining = remaining < 0 ? -1 : remaining - length;
      boolean last = remaining == 0;
      if (!out.data(stream, this::isGone, bytes, at, length, last)) {
        windows.giveBack(length);
        throw gone();
      }
      complete |= last;
      at += length;
    }
  }

  private boolean isGone() {
    return windows.isClosed(window);
  }

  private static UncheckedIOException gone() {
    return new UncheckedIOException(new IOException("The stream has ended"));
  }

  private void headLine() {
    String text = head.toString(StandardCharsets.ISO_8859_1);
    if (!text.endsWith("\r\n\r\n")) {
      return;
    }
    head.reset();
    String[] lines = text.split("\r\n", -1);
    int status = Integer.parseInt(lines[0].split(" ", 3)[1]);
    List<HpackDecoder.Field> fields = new ArrayList<>();
    for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
      int colon = lines[i].indexOf(':');
      String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
      String value = lines[i].substring(colon + 1).strip();
      if (name.equals("content-length")) {
        remaining = Long.parseLong(value);
      }
      if (!CONNECTION_FIELDS.contains(name)) {
        fields.add(new HpackDecoder.Field(name, value));
      }
    }
    // An interim answer is followed by another head.
    inBody = status >= 200;
    boolean last = inBody && remaining == 0;
    if (!out.headers(stream, this::isGone, status, fields, last)) {
      throw gone();
    }
    complete = last;
  }

  /** Tells the client that this was all; false if something is missing. */
  boolean end() {
    if (complete) {
      return true;
    }
    // What has a length and no byte of its body answers a HEAD.
    if (!inBody || (remaining > 0 && bodyBegun) || isGone()) {
      return false;
    }
    complete = out.data(stream, this::isGone, new byte[0], 0, 0, true);
    return complete;
  }
}
