package io.panallama.load;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Parses server-sent events from bytes that arrive in pieces of any size, by the rules of the HTML standard: lines end with
 * LF, CR or CRLF, a byte order mark at the beginning is skipped, lines that begin with a colon are comments, several {@code
 * data} lines are joined with LF, and an event that no empty line ends is dropped.
 *
 * <p>Keeps its buffers, so that an event of ordinary size allocates nothing here. Not safe for use by several threads at a
 * time.
 */
final class SseParser {
  /** The largest event or line that is accepted; no stream of tokens has larger ones. */
  private static final int MAX_BYTES = 16 << 20;

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final String MESSAGE = "message";

  private final Sink sink;
  private byte[] line = new byte[1024];
  private int lineSize;
  private byte[] data = new byte[1024];
  private int dataSize;
  private boolean hasData;
  private String type = MESSAGE;
  private boolean afterCarriageReturn;
  private boolean firstLine = true;

  /** Receives complete events. */
  interface Sink {
    /**
     * @param type {@code message} unless the event names another
     * @param data UTF-8, valid up to {@code length} and during this call only
     * @param arrivedNanos when the bytes that completed the event were read
     */
    void event(String type, byte[] data, int length, long arrivedNanos);

    /** A comment line, such as a heartbeat. */
    default void comment() {}
  }

  SseParser(Sink sink) {
    this.sink = sink;
  }

  /**
   * Takes all remaining bytes.
   *
   * @param arrivedNanos when they were read, by {@link System#nanoTime}
   * @throws IllegalStateException if an event is larger than 16 MiB
   */
  void feed(ByteBuffer bytes, long arrivedNanos) {
    while (bytes.hasRemaining()) {
      byte b = bytes.get();
      if (b == '\n' && afterCarriageReturn) {
        afterCarriageReturn = false;
        continue;
      }
      afterCarriageReturn = b == '\r';
      if (b == '\n' || b == '\r') {
        endLine(arrivedNanos);
      } else {
        line = ensure(line, lineSize + 1);
        line[lineSize++] = b;
      }
    }
  }

  private void endLine(long arrivedNanos) {
    int start = 0;
    if (firstLine) {
      firstLine = false;
      start = startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    }
    int end = lineSize;
    lineSize = 0;
    if (start == end) {
      dispatch(arrivedNanos);
      return;
    }
    int colon = start;
    while (colon < end && line[colon] != ':') {
      colon++;
    }
    if (colon == start) {
      sink.comment();
      return;
    }
    int value = Math.min(colon + 1, end);
    if (value < end && line[value] == ' ') {
      value++;
    }
    if (isField(start, colon, "data")) {
      appendData(value, end);
    } else if (isField(start, colon, "event")) {
      type = new String(line, value, end - value, StandardCharsets.UTF_8);
    }
  }

  private void appendData(int from, int to) {
    int separator = hasData ? 1 : 0;
    data = ensure(data, dataSize + separator + to - from);
    if (hasData) {
      data[dataSize++] = '\n';
    }
    System.arraycopy(line, from, data, dataSize, to - from);
    dataSize += to - from;
    hasData = true;
  }

  private void dispatch(long arrivedNanos) {
    if (hasData) {
      sink.event(type, data, dataSize, arrivedNanos);
    }
    hasData = false;
    dataSize = 0;
    type = MESSAGE;
  }

  private boolean startsWith(byte[] mark) {
    return lineSize >= mark.length && Arrays.equals(line, 0, mark.length, mark, 0, mark.length);
  }

  private boolean isField(int from, int to, String name) {
    if (to - from != name.length()) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (line[from + i] != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static byte[] ensure(byte[] bytes, int size) {
    if (size <= bytes.length) {
      return bytes;
    }
    if (size > MAX_BYTES) {
      throw new IllegalStateException("an event of the stream is larger than " + MAX_BYTES + " bytes");
    }
    return Arrays.copyOf(bytes, Math.max(size, bytes.length * 2));
  }
}
