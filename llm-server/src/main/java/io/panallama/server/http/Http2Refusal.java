package io.panallama.server.http;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Answers a client that speaks HTTP/2 without asking first ("prior knowledge"): it is told, in HTTP/2, to use HTTP/1.1. RFC 9113 has an
 * error code for that, on which clients such as curl send their request again by HTTP/1.1.
 *
 * <p>For one thread: the connection's own.
 */
final class Http2Refusal {
  /** The request line of the preface by which a client begins HTTP/2; RFC 9113, 3.4. */
  static final String REQUEST_LINE = "PRI * HTTP/2.0";

  /** What follows the request line. */
  private static final String REST_OF_PREFACE = "\r\nSM\r\n\r\n";

  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;
  private static final int HTTP_1_1_REQUIRED = 0xd;

  /** The largest frame of a client that was told of no other limit. */
  private static final int MAX_FRAME = 16_384;

  /** Frames that are read, until the client has understood and leaves: curl forgets why if the server closes the connection first. */
  private static final int MAX_FRAMES = 32;

  private static final String EXPLANATION = "This server speaks HTTP/1.1 and HTTP/1.0 only.";

  private final IntSupplier in;
  private final Consumer<byte[]> out;

  /**
   * A refusal.
   *
   * @param in the next byte of the client, after the preface's request line and its CRLF
   * @param out writes bytes to the client at once
   */
  Http2Refusal(IntSupplier in, Consumer<byte[]> out) {
    this.in = in;
    this.out = out;
  }

  /** Refuses the client's requests, after which the connection has to end. False if the client does not speak HTTP/2. */
  boolean run() {
    for (int i = 0; i < REST_OF_PREFACE.length(); i++) {
      if (in.getAsInt() != REST_OF_PREFACE.charAt(i)) {
        return false;
      }
    }
    out.accept(frame(SETTINGS, 0, 0));
    int lastStream = 0;
    for (int frames = 0; frames < MAX_FRAMES; frames++) {
      int length = number(3);
      int type = in.getAsInt();
      int flags = in.getAsInt();
      int stream = number(4) & Integer.MAX_VALUE;
      if (length > MAX_FRAME) {
        break;
      }
      skip(length);
      if (type == SETTINGS && (flags & ACK) == 0) {
        out.accept(frame(SETTINGS, ACK, 0));
      } else if (type == HEADERS) {
        out.accept(frame(RST_STREAM, 0, stream, bytes(HTTP_1_1_REQUIRED)));
        lastStream = stream;
      } else if (type == GOAWAY) {
        return true;
      }
    }
    goAway(lastStream);
    return true;
  }

  private void goAway(int lastStream) {
    out.accept(
        frame(
            GOAWAY,
            0,
            0,
            bytes(lastStream),
            bytes(HTTP_1_1_REQUIRED),
            EXPLANATION.getBytes(StandardCharsets.US_ASCII)));
  }

  private int number(int bytes) {
    int number = 0;
    for (int i = 0; i < bytes; i++) {
      number = number << 8 | in.getAsInt();
    }
    return number;
  }

  private static byte[] frame(int type, int flags, int stream, byte[]... payload) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : payload) {
      body.writeBytes(part);
    }
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.write(body.size() >> 16);
    frame.write(body.size() >> 8);
    frame.write(body.size());
    frame.write(type);
    frame.write(flags);
    frame.writeBytes(bytes(stream));
    frame.writeBytes(body.toByteArray());
    return frame.toByteArray();
  }

  private static byte[] bytes(int number) {
    return new byte[] {(byte) (number >> 24), (byte) (number >> 16), (byte) (number >> 8), (byte) number};
  }

  /** Reads the payload of a frame, whose content does not matter. */
  private void skip(int length) {
    for (int left = length; left > 0 && in.getAsInt() >= 0; left--) {}
  }
}
