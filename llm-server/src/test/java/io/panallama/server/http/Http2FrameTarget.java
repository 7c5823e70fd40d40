package io.panallama.server.http;

import io.helidon.http.RequestException;
import io.helidon.http.http2.Http2Exception;
import io.helidon.webserver.CloseConnectionException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A target of {@code .ci/fuzz-coverage}: the frames of a connection of HTTP/2. Each is read as it stands in the input; and the fields of a
 * request, written as a head of HTTP/1.1, are one request and no other, or else a client could send one that nothing has checked.
 */
public final class Http2FrameTarget {
  private static final BodyLimit LIMIT = new BodyLimit(1 << 20, false, "--max-body");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int MAX_HEADERS = RequestFramer.MAX_REQUEST_LINE + RequestFramer.MAX_HEADERS;

  private Http2FrameTarget() {}

  /** Reads the input; anything thrown but refusals is a fault. */
  public static void fuzzerTestOneInput(byte[] input) {
    PeerReader peer = reader(input);
    HpackDecoder decoder = new HpackDecoder();
    int at = 0;
    try {
      Http2Input in = new Http2Input(peer, PATIENCE, new byte[0]);
      while (true) {
        Http2Input.Frame frame = in.frame();
        int end = at + 9 + frame.payload().length;
        if (!Arrays.equals(frame.payload(), Arrays.copyOfRange(input, at + 9, end))) {
          throw new AssertionError("The frame at " + at + " is not what was sent");
        }
        at = end;
        if (frame.type() == Http2Input.HEADERS) {
          boolean hasBody = !frame.has(Http2Input.END_STREAM);
          Http2RequestHead.of(decoder.decode(frame.payload(), MAX_HEADERS), hasBody).ifPresent(Http2FrameTarget::check);
        }
      }
    } catch (Http2Exception | CloseConnectionException refused) {
      // The connection ends.
    } finally {
      peer.finish(Duration.ZERO);
    }
  }

  private static PeerReader reader(byte[] bytes) {
    PeerReader peer =
        new PeerReader(new ByteSocket(bytes), new ConnectionLimits(1, PATIENCE, PATIENCE, PATIENCE), "fuzz");
    peer.start();
    return peer;
  }

  private static void check(Http2RequestHead head) {
    String text = new String(head.bytes(), StandardCharsets.ISO_8859_1);
    String lines = text.replace("\r\n", "");
    if (text.indexOf("\r\n\r\n") != text.length() - 4 || lines.indexOf('\r') >= 0 || lines.indexOf('\n') >= 0) {
      throw new AssertionError("Not one head: " + text);
    }
    PeerReader peer = reader(head.bytes());
    try {
      RequestFramer framer = new RequestFramer(peer, (_, _) -> LIMIT, _ -> {}, _ -> {}, "localhost", false);
      if (framer.get() == null) {
        throw new AssertionError("No request: " + text);
      }
      boolean body = head.chunked() || head.contentLength() > 0;
      byte @Nullable [] next = framer.get();
      if (body || next != null) {
        throw new AssertionError("Framed in another way than announced: " + text);
      }
    } catch (RequestException | CloseConnectionException refused) {
      // HTTP/1.1 refuses it, or waits for its body.
    } finally {
      peer.finish(Duration.ZERO);
    }
  }
}
