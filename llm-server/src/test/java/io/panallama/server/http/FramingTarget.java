package io.panallama.server.http;

import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * A target of {@code .ci/fuzz-coverage}: the bytes of a connection, framed. What the framer passes on has to be framed in the same way
 * once more, or else two readers could disagree about where a request ends.
 */
public final class FramingTarget {
  private static final BodyLimit LIMIT = new BodyLimit(1 << 20, false, "--max-body");
  private static final int MAX_PIECES = 1000;

  private FramingTarget() {}

  /** What a framer passed on, and whether it refused what followed. */
  private record Framed(byte[] bytes, boolean refused) {}

  /** Frames the input; anything thrown but refusals is a fault, and so are two results. */
  public static void fuzzerTestOneInput(byte[] input) {
    Framed once = framed(input);
    if (!once.refused()) {
      Framed twice = framed(once.bytes());
      if (twice.refused() || !Arrays.equals(once.bytes(), twice.bytes())) {
        throw new AssertionError(
            "framed once: "
                + new String(once.bytes(), StandardCharsets.ISO_8859_1)
                + "\ntwice: "
                + new String(twice.bytes(), StandardCharsets.ISO_8859_1));
      }
    }
  }

  private static Framed framed(byte[] input) {
    Duration patience = Duration.ofSeconds(60);
    PeerReader peer =
        new PeerReader(new ByteSocket(input), new ConnectionLimits(1, patience, patience, patience), "fuzz");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    peer.start();
    try {
      RequestFramer framer = new RequestFramer(peer, (_, _) -> LIMIT, _ -> {}, _ -> {}, "localhost", true);
      for (int i = 0; i < MAX_PIECES; i++) {
        byte[] piece = framer.get();
        if (piece == null) {
          return new Framed(out.toByteArray(), false);
        }
        out.writeBytes(piece);
      }
      return new Framed(out.toByteArray(), true);
    } catch (RequestException | CloseConnectionException refused) {
      return new Framed(out.toByteArray(), true);
    } finally {
      peer.finish(Duration.ZERO);
    }
  }
}
