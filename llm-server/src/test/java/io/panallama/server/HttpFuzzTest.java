package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.webserver.http.ErrorHandlers;
import io.panallama.server.RawHttp.Answer;
import io.panallama.server.http.ClientConnection;
import io.panallama.server.http.ErrorBoundary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests that are broken on the level of bytes: whatever comes, the server answers in HTTP/1.1 or closes the connection, never with
 * a fault of its own, and nothing is left afterwards. {@link Fuzzing} says how to run it for longer.
 */
@Tag("fuzz")
class HttpFuzzTest {
  private static final int FEW = 1_500;

  /** Longer than the client that asks for {@code /health} may be held up between two requests. */
  private static final Duration IDLE = Duration.ofSeconds(5);

  /** Ends a connection that is still in order. */
  private static final String END = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  private static final String HEAD = " HTTP/1.1\r\nHost: localhost\r\n";

  private static final List<String> VALID =
      List.of(
          "GET /health" + HEAD + "\r\n",
          "GET /v1/models/x?a=b%20c" + HEAD + "Accept: */*\r\nUser-Agent: fuzz\r\n\r\n",
          "HEAD /" + HEAD + "\r\n",
          "OPTIONS *" + HEAD + "\r\n",
          "OPTIONS /health" + HEAD + "Origin: http://localhost\r\n\r\n",
          "GET http://localhost:80/ready" + HEAD + "Connection: keep-alive\r\n\r\n",
          "DELETE /v1/models" + HEAD + "Content-Length: 4\r\n\r\nbody",
          TestServer.rawPost(TestServer.CHAT, TestServer.HELLO),
          TestServer.rawPost(TestServer.CHAT, TestServer.HELLO_STREAM),
          TestServer.rawPost("/v1/completions", "{\"prompt\":\"a\"}") + "GET /health" + HEAD + "\r\n",
          chunked(TestServer.HELLO, 7, "", ""),
          chunked(TestServer.HELLO_STREAM, 16, ";a=\"b\"", "X-Trailer: 1\r\n"),
          "POST /none" + HEAD + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");

  private static final List<String> BITS =
      List.of(
          "\r\n",
          "\r",
          "\n",
          "\0",
          " ",
          "\t",
          ":",
          ";",
          ",",
          "\u00ff",
          "\u0080",
          "\u000b",
          "%",
          "%00",
          "%2e%2e/",
          "/../",
          "//",
          "#",
          "?",
          "*",
          "0",
          "-1",
          "+5",
          "0x10",
          "ffffffff",
          "ffffffffffffffffffff",
          "99999999999999999999",
          "2147483648",
          "HTTP/1.0",
          "HTTP/2.0",
          "HTTP/1.1",
          "GET",
          "HEAD",
          "CONNECT",
          "TRACE",
          "PRI",
          "chunked",
          "gzip, chunked",
          "identity",
          "http://",
          "http://a@b/",
          "[::1]:80",
          "Host: localhost\r\n",
          "Host: evil.example\r\n",
          "Content-Length: 5\r\n",
          "Content-Length: 5, 5\r\n",
          "Content-Length : 5\r\n",
          "Transfer-Encoding: chunked\r\n",
          "Transfer-Encoding: \tchunked \r\n",
          "Transfer-Encoding: gzip\r\n",
          "Connection: close\r\n",
          "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
          "Expect: 100-continue\r\n",
          "Expect: 200-ok\r\n",
          "Content-Encoding: gzip\r\n",
          "Content-Type: text/plain\r\n",
          "Content-Type: ;;;\r\n",
          "Accept: ;q=\r\n",
          "Origin: http://evil.example\r\n",
          "Cookie: a=b; c\r\n",
          "If-None-Match: *\r\n",
          "Range: bytes=0-\r\n",
          "X: a\r\n b\r\n",
          "0\r\n\r\n",
          "5\r\nabcde\r\n");

  private static String chunked(String body, int size, String extension, String trailers) {
    StringBuilder out = new StringBuilder("POST " + TestServer.CHAT + HEAD + "Transfer-Encoding: chunked\r\n\r\n");
    for (int at = 0; at < body.length(); at += size) {
      String piece = body.substring(at, Math.min(at + size, body.length()));
      out.append(Integer.toHexString(piece.length())).append(extension).append("\r\n").append(piece).append("\r\n");
    }
    return out.append("0\r\n").append(trailers).append("\r\n").toString();
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS)
  void brokenRequests() throws Exception {
    ServerConfig config =
        TestServer.config().toBuilder()
            .requestTimeout(Duration.ofMillis(300))
            .idleTimeout(IDLE)
            .maxBodyBytes(64 << 10)
            .build();
    Random random = new Random(Fuzzing.seed());
    TreeMap<Integer, Integer> seen = new TreeMap<>();
    int done = 0;
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        LogRecords broken = LogRecords.of(ClientConnection.class);
        LogRecords helidon = LogRecords.of(ErrorHandlers.class);
        TestServer server = TestServer.start(config, ScriptedGenerator.answering("hi"))) {
      try (Fuzzing health = new Fuzzing(server.server().port())) {
        for (long began = System.nanoTime(); Fuzzing.goesOn(done, FEW, began); done++) {
          byte[] request = mutated(random);
          Delivery delivery = Delivery.any(random);
          try {
            for (int status : statuses(server.server().port(), request, delivery, random.nextLong())) {
              seen.merge(status, 1, Integer::sum);
              assertThat(status).isNotEqualTo(500).isNotIn(502, 503, 504).isLessThan(506);
            }
            assertThat(faults.errors()).isEmpty();
            assertThat(broken.errors()).isEmpty();
            assertThat(helidon.warnings()).as("a client must not fill the log").isEmpty();
          } catch (IOException | AssertionError fault) {
            throw new AssertionError(
                "Input " + done + ", sent " + delivery + ": " + Fuzzing.keep("http-" + done + ".bin", request), fault);
          }
        }
        System.out.println(
            done
                + " requests with seed "
                + Fuzzing.seed()
                + ": "
                + seen
                + ", slowest /health "
                + health.slowestHealth());
      }
      server.awaitNoConnections();
    }
    if (done >= FEW) {
      assertThat(seen).containsKeys(200, 400, 404, 405);
    }
  }

  private static byte[] mutated(Random random) {
    byte[] bytes = VALID.get(random.nextInt(VALID.size())).getBytes(StandardCharsets.ISO_8859_1);
    int rounds = random.nextInt(5);
    for (int i = 0; i < rounds; i++) {
      bytes = mutate(bytes, random);
    }
    return bytes;
  }

  private static byte[] mutate(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length + 1);
    int end = Math.min(bytes.length, at + 1 + random.nextInt(12));
    byte[] middle = Arrays.copyOfRange(bytes, at, end);
    byte[] bit = BITS.get(random.nextInt(BITS.size())).getBytes(StandardCharsets.ISO_8859_1);
    byte[] other = VALID.get(random.nextInt(VALID.size())).getBytes(StandardCharsets.ISO_8859_1);
    return switch (random.nextInt(10)) {
      case 0 -> ByteMutation.joined(bytes, at, new byte[] {(byte) random.nextInt(256)}, Math.min(at + 1, bytes.length));
      case 1 -> ByteMutation.joined(bytes, at, new byte[0], end);
      case 2, 3, 4 -> ByteMutation.joined(bytes, at, bit, at);
      case 5 -> ByteMutation.joined(bytes, at, bit, end);
      case 6 -> ByteMutation.joined(bytes, at, ByteMutation.repeated(middle, 1 << random.nextInt(12)), end);
      case 7 -> ByteMutation.joined(bytes, at, Arrays.copyOf(other, random.nextInt(other.length)), end);
      case 8 -> atLineStart(bytes, bit, random);
      default -> random.nextInt(4) == 0 ? Arrays.copyOf(bytes, Math.max(1, at)) : atLineStart(bytes, bit, random);
    };
  }

  /** Puts something at the beginning of a line, where headers and chunks are. */
  private static byte[] atLineStart(byte[] bytes, byte[] bit, Random random) {
    List<Integer> starts = new ArrayList<>(List.of(0));
    for (int i = 1; i < bytes.length; i++) {
      if (bytes[i - 1] == '\n') {
        starts.add(i);
      }
    }
    int at = starts.get(random.nextInt(starts.size()));
    return ByteMutation.joined(bytes, at, bit, at);
  }

  private static List<Integer> statuses(int port, byte[] request, Delivery delivery, long seed) throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      if (!delivery.send(client, request, END.getBytes(StandardCharsets.US_ASCII), new Random(seed))) {
        return List.of();
      }
      // Answers to HEAD have no body and those of HTTP/1.0 no length, and a client that sent nonsense can't tell which
      // these are.
      String sent = new String(request, StandardCharsets.ISO_8859_1);
      boolean unclear = sent.contains("HEAD") || sent.contains("HTTP/1.0");
      return unclear ? client.readStatuses() : client.readAll().stream().map(Answer::status).toList();
    }
  }
}
