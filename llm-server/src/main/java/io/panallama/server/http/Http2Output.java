package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import io.helidon.http.http2.Http2ErrorCode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Writes frames of HTTP/2, whole and one after another. Header fields are written as they are, without a table and without compression:
 * an answer has few.
 *
 * <p>Safe for several threads. A thread that writes must not be interrupted meanwhile: that would close the connection.
 */
final class Http2Output {
  /** The largest payload of a frame. Every client takes that. */
  static final int MAX_FRAME = 16_384;

  private static final int HEADER = 9;

  private final DataWriter writer;
  private final ReentrantLock lock = new ReentrantLock(true);

  Http2Output(DataWriter writer) {
    this.writer = writer;
  }

  /** Sends the server's settings: pairs of an identifier and a value. */
  void settings(int... settings) {
    byte[] payload = new byte[settings.length / 2 * 6];
    for (int i = 0; i < settings.length / 2; i++) {
      payload[6 * i] = (byte) (settings[2 * i] >> 8);
      payload[6 * i + 1] = (byte) settings[2 * i];
      number(settings[2 * i + 1], payload, 6 * i + 2);
    }
    frame(Http2Input.SETTINGS, 0, 0, payload);
  }

  void settingsTaken() {
    frame(Http2Input.SETTINGS, Http2Input.ACK, 0, new byte[0]);
  }

  void pong(byte[] payload) {
    frame(Http2Input.PING, Http2Input.ACK, 0, payload);
  }

  /**
   * Allows the client to send so many bytes more.
   *
   * @param stream 0 for the connection
   */
  void windowUpdate(int stream, int bytes) {
    frame(Http2Input.WINDOW_UPDATE, 0, stream, number(bytes));
  }

  void reset(int stream, Http2ErrorCode code) {
    frame(Http2Input.RST_STREAM, 0, stream, number(code.code()));
  }

  /**
   * Ends the connection.
   *
   * @param lastStream the last one that is being answered
   */
  void goAway(int lastStream, Http2ErrorCode code, String explanation) {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    payload.writeBytes(number(lastStream));
    payload.writeBytes(number(code.code()));
    payload.writeBytes(explanation.getBytes(StandardCharsets.US_ASCII));
    frame(Http2Input.GOAWAY, 0, 0, payload.toByteArray());
  }

  /**
   * Writes the head of an answer.
   *
   * @param ended asked just before: behind a reset, nothing of its stream may be written (RFC 9113, 5.1)
   * @param last whether there is no body
   * @return false if the stream has ended, so that nothing was written
   */
  boolean headers(int stream, BooleanSupplier ended, int status, List<HpackDecoder.Field> fields, boolean last) {
    ByteArrayOutputStream block = new ByteArrayOutputStream(512);
    // RFC 7541, 6.2.2: a literal that is not added to the table; the static table has :status at 8.
    block.write(8);
    text(Integer.toString(status), block);
    for (HpackDecoder.Field field : fields) {
      block.write(0);
      text(field.name().toLowerCase(Locale.ROOT), block);
      text(field.value(), block);
    }
    byte[] bytes = block.toByteArray();
    lock.lock();
    try {
      if (ended.getAsBoolean()) {
        return false;
      }
      int type = Http2Input.HEADERS;
      int flags = last ? Http2Input.END_STREAM : 0;
      for (int at = 0; at < bytes.length; at += MAX_FRAME) {
        int length = Math.min(bytes.length - at, MAX_FRAME);
        frame(type, flags | (at + length == bytes.length ? Http2Input.END_HEADERS : 0), stream, bytes, at, length);
        type = Http2Input.CONTINUATION;
        flags = 0;
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes bytes of a body, at most {@link #MAX_FRAME}; their window must have been taken.
   *
   * @param ended as for {@link #headers}
   * @return false if the stream has ended, so that nothing was written
   */
  boolean data(int stream, BooleanSupplier ended, byte[] bytes, int from, int length, boolean last) {
    lock.lock();
    try {
      if (ended.getAsBoolean()) {
        return false;
      }
      frame(Http2Input.DATA, last ? Http2Input.END_STREAM : 0, stream, bytes, from, length);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void frame(int type, int flags, int stream, byte[] payload) {
    frame(type, flags, stream, payload, 0, payload.length);
  }

  private void frame(int type, int flags, int stream, byte[] payload, int from, int length) {
    byte[] frame = new byte[HEADER + length];
    number((length << 8) | type, frame, 0);
    frame[4] = (byte) flags;
    number(stream, frame, 5);
    System.arraycopy(payload, from, frame, HEADER, length);
    lock.lock();
    try {
      writer.writeNow(BufferData.create(frame));
    } finally {
      lock.unlock();
    }
  }

  private static void text(String text, ByteArrayOutputStream out) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length < 0x7F) {
      out.write(bytes.length);
    } else {
      out.write(0x7F);
      int left = bytes.length - 0x7F;
      for (; left >= 0x80; left >>= 7) {
        out.write((left & 0x7F) | 0x80);
      }
      out.write(left);
    }
    out.writeBytes(bytes);
  }

  private static byte[] number(int number) {
    byte[] bytes = new byte[4];
    number(number, bytes, 0);
    return bytes;
  }

  private static void number(int number, byte[] bytes, int at) {
    bytes[at] = (byte) (number >> 24);
    bytes[at + 1] = (byte) (number >> 16);
    bytes[at + 2] = (byte) (number >> 8);
    bytes[at + 3] = (byte) number;
  }
}
