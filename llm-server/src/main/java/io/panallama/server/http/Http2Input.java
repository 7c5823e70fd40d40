package io.panallama.server.http;

import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads frames of HTTP/2, RFC 9113, 4.1. For one thread: the connection's own. */
final class Http2Input {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int ACK = 0x1;
  static final int END_STREAM = 0x1;
  static final int END_HEADERS = 0x4;
  static final int PADDED = 0x8;
  static final int HAS_PRIORITY = 0x20;

  /** A frame. */
  static final class Frame {
    private final int type;
    private final int flags;
    private final int stream;
    private final byte[] payload;

    Frame(int type, int flags, int stream, byte[] payload) {
      this.type = type;
      this.flags = flags;
      this.stream = stream;
      this.payload = payload;
    }

    int type() {
      return type;
    }

    /** The stream that it belongs to; 0 for the connection. */
    int stream() {
      return stream;
    }

    byte[] payload() {
      return payload;
    }

    boolean has(int flag) {
      return (flags & flag) != 0;
    }

    /** The 31 bits at an offset. */
    int number(int at) {
      return ((payload[at] & 0x7F) << 24)
          | ((payload[at + 1] & 0xFF) << 16)
          | ((payload[at + 2] & 0xFF) << 8)
          | (payload[at + 3] & 0xFF);
    }
  }

  private final PeerReader peer;
  private final Duration limit;
  private byte[] in;
  private int at;

  /**
   * A reader of frames.
   *
   * @param limit how long a frame may take from its first byte to its last
   * @param rest bytes that have been taken from {@code peer} already
   */
  Http2Input(PeerReader peer, Duration limit, byte[] rest) {
    this.peer = peer;
    this.limit = limit;
    this.in = rest;
  }

  /**
   * Waits for the first byte of a frame.
   *
   * @param meanwhile how that counts, null if the client owes nothing
   * @return false if the time passed, or {@link PeerReader#wake} was called
   * @throws CloseConnectionException at the end of the stream
   */
  boolean awaitFrame(long nanos, PeerReader.@Nullable Silence meanwhile) {
    if (at < in.length) {
      return true;
    }
    byte[] more = peer.poll(nanos, meanwhile);
    if (more == null || more.length == 0) {
      return false;
    }
    in = more;
    at = 0;
    return true;
  }

  /**
   * Reads a frame.
   *
   * @throws Http2Exception if it is too large or too slow
   */
  Frame frame() {
    long began = System.nanoTime();
    byte[] header = bytes(9, began);
    int length = ((header[0] & 0xFF) << 16) | ((header[1] & 0xFF) << 8) | (header[2] & 0xFF);
    if (length > Http2Output.MAX_FRAME) {
      throw new Http2Exception(Http2ErrorCode.FRAME_SIZE, "A frame is larger than 16384 bytes.");
    }
    Frame head = new Frame(header[3] & 0xFF, header[4] & 0xFF, 0, header);
    return new Frame(head.type, head.flags, head.number(5), bytes(length, began));
  }

  private byte[] bytes(int length, long began) {
    byte[] bytes = new byte[length];
    for (int read = 0; read < length; ) {
      if (!awaitFrame(began + limit.toNanos() - System.nanoTime(), new PeerReader.Silence(false, began))) {
        if (System.nanoTime() - began >= limit.toNanos()) {
          throw new Http2Exception(
              Http2ErrorCode.PROTOCOL, "A frame was not complete after " + limit.toSeconds() + " s.");
        }
        continue;
      }
      int more = Math.min(length - read, in.length - at);
      System.arraycopy(in, at, bytes, read, more);
      at += more;
      read += more;
    }
    return bytes;
  }
}
