package io.panallama.server;

import static io.panallama.server.TestServer.HELLO;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.generation.FinishReason;
import io.panallama.server.RawHttp.Answer;
import io.panallama.server.http.ErrorBoundary;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where requests begin and end (RFC 9112), and what is refused because that can't be known. */
@Timeout(60)
class FramingTest {
  private static final String END = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  private static final String POST = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";

  private static TestServer server;
  private static LogRecords faults;

  @BeforeAll
  static void start() {
    server = TestServer.start(ScriptedGenerator.answering("hi"));
    faults = LogRecords.of(ErrorBoundary.class);
  }

  @AfterAll
  static void stop() {
    server.close();
    assertThat(faults.errors()).isEmpty();
    faults.close();
  }

  private static List<Answer> exchange(String bytes) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(bytes);
      return client.readAll();
    }
  }

  private static String chunked(String chunks) {
    return POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
  }

  /** What must be read as one request, followed by another. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          \\r\\n\\r\\nGET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health HTTP/1.9\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health?a=%20b HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health?a[]=1&b={"x":"y"}&c=<ab>&d=^`\\ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health?a=ü&b=100%&c=%zz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health?a#b=c HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health#b HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET http://[::1]/health?x=[1] HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health HTTP/1.1\\r\\nhOsT:localhost\\r\\nX: \\t a \\t\\r\\nY:\\r\\n\\r\\n
          GET http://localhost/health HTTP/1.1\\r\\nHost: evil.example\\r\\n\\r\\n
          GET HTTP://LOCALHOST:80/health?x HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 3\\r\\n\\r\\nabc
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 003\\r\\n\\r\\nabc
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\nExpect: 100-continue\\r\\n\\r\\n
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: Chunked\\r\\n\\r\\n0\\r\\n\\r\\n
          """)
  void aRequestAndTheNext(String request) throws IOException {
    List<Answer> answers = exchange(request.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t") + END);
    assertThat(answers).extracting(Answer::status).containsExactly(200, 200);
  }

  @Test
  void aBarInTheQueryIsTakenToo() throws IOException {
    List<Answer> answers = exchange("GET /health?a=b|c HTTP/1.1\r\nHost: localhost\r\n\r\n" + END);
    assertThat(answers).extracting(Answer::status).containsExactly(200, 200);
  }

  /** Chunks whose body is {@code HELLO}, followed by another request. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          SIZE\\r\\nHELLO\\r\\n0\\r\\n\\r\\n
          0000SIZE\\r\\nHELLO\\r\\n000\\r\\n\\r\\n
          SIZE;name=value;other="quoted; text"\\r\\nHELLO\\r\\n0;last\\r\\n\\r\\n
          SIZE ;name\\r\\nHELLO\\r\\n0\\r\\n\\r\\n
          SIZE\\r\\nHELLO\\r\\n0\\r\\nChecksum: abc\\r\\nX-Other:\\r\\n\\r\\n
          SIZE\\r\\nHELLO\\r\\n0\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n
          1\\r\\n{\\r\\n1;x\\r\\n \\r\\nREST\\r\\nMORE\\r\\n0\\r\\n\\r\\n
          """)
  void chunks(String chunks) throws IOException {
    String body =
        chunks
            .replace("SIZE", Integer.toHexString(HELLO.length()))
            .replace("REST", Integer.toHexString(HELLO.length() - 1))
            .replace("HELLO", HELLO)
            .replace("MORE", HELLO.substring(1))
            .replace("\\r", "\r")
            .replace("\\n", "\n");
    List<Answer> answers = exchange(chunked(body) + END);
    assertThat(answers).extracting(Answer::status).containsExactly(200, 200);
    assertThat(answers.getFirst().body()).contains("\"content\":\"hi\"");
  }

  /** What must be refused, and ends the connection: the request that follows is not answered. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          CONNECT localhost:443 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 405 | not a proxy
          CONNECT / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n            | 405 | not a proxy
          PRI * HTTP/2.0\\r\\n\\r\\n                              | 505 | HTTP/1.0 only
          GET /health HTTP/0.9\\r\\n\\r\\n                        | 505 | HTTP/1.0 only
          POST /health HTTP/1.0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n | 400 | HTTP/1.0 must not have
          GET health HTTP/1.0\\r\\n\\r\\n                         | 400 | begin with /
          GET /health HTTP/11\\r\\n\\r\\n                         | 400 | HTTP/1.1
          GET /health http/1.1\\r\\n\\r\\n                        | 400 | HTTP/1.1
          GET /health\\r\\n\\r\\n                                 | 400 | single spaces
          GET  /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n   | 400 | percent-encoded
          GET\\t/health\\tHTTP/1.1\\r\\n\\r\\n                    | 400 | single spaces
          G(T /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n    | 400 | single spaces
          GET health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n     | 400 | begin with /
          GET * HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n          | 400 | begin with /
          GET ftp://localhost/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | begin with /
          GET http:///health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | name a host
          GET http://a@localhost/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | without a user
          GET /a%2 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n       | 400 | hexadecimal
          GET /a\\x7fb HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n    | 400 | percent-encoded
          GET http://local\\x7fhost/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | visible ASCII
          GET http://a b/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | visible ASCII
          GET /a\\0b HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n      | 400 | percent-encoded
          GET /health HTTP/1.1\\nHost: localhost\\n\\n            | 400 | LF alone
          GET /health HTTP/1.1\\r\\nHost: localhost\\n\\r\\n       | 400 | LF alone
          GET /health HTTP/1.1\\r\\nHost: localhost\\rX: y\\r\\n\\r\\n | 400 | CR without
          GET /health HTTP/1.1\\r\\n\\r\\n                        | 400 | Host
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nHost: localhost\\r\\n\\r\\n | 400 | several
          GET /health HTTP/1.1\\r\\nHost: local host\\r\\n\\r\\n    | 400 | Host
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX : y\\r\\n\\r\\n | 400 | colon right after
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n: y\\r\\n\\r\\n | 400 | colon right after
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX\\r\\n\\r\\n | 400 | colon right after
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX: a\\r\\n b\\r\\n\\r\\n | 400 | folded
          GET /health HTTP/1.1\\r\\n Host: localhost\\r\\n\\r\\n    | 400 | white space
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX: a\\0b\\r\\n\\r\\n | 400 | control character
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 1\\r\\nContent-Length: 1\\r\\n\\r\\na | 400 | several
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 1, 1\\r\\n\\r\\na | 400 | number
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: +1\\r\\n\\r\\na | 400 | number
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: -1\\r\\n\\r\\n | 400 | number
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length:\\r\\n\\r\\n | 400 | number
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 99999999999999999999\\r\\n\\r\\n | 413 | --max-body
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n | 400 | both
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: gzip\\r\\n\\r\\n | 400 | must be chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: xchunked\\r\\n\\r\\n | 400 | must be chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding:\\r\\n\\r\\n | 400 | must be chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n | 400 | must be chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: identity\\r\\n\\r\\n | 400 | must be chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n | 501 | no Transfer-Encoding but chunked
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: \\x0bchunked\\r\\n\\r\\n | 400 | control character
          GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nExpect: tea\\r\\n\\r\\n | 417 | 100-continue
          \\r\\n\\r\\n\\r\\n\\r\\n\\r\\n\\r\\nGET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n | 400 | empty lines
          """)
  void refused(String request, int status, String message) throws IOException {
    String bytes =
        request
            .replace("\\r", "\r")
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\0", "\0")
            .replace("\\x0b", "\u000b")
            .replace("\\x7f", "\u007f");
    assertRefused(exchange(bytes + END), status, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          5\\r\\nabcdeX0\\r\\n\\r\\n       | 400 | must end with CRLF
          5\\r\\nabcdefg\\r\\n0\\r\\n\\r\\n | 400 | must end with CRLF
          5\\r\\nabcde\\n0\\r\\n\\r\\n      | 400 | must end with CRLF
          5\\r\\nabcde\\rX0\\r\\n\\r\\n     | 400 | must end with CRLF
          5\\nabcde\\r\\n0\\r\\n\\r\\n      | 400 | LF alone
          \\r\\nabcde                     | 400 | hexadecimal number
          g\\r\\nabcde                    | 400 | hexadecimal number
          0x5\\r\\nabcde\\r\\n0\\r\\n\\r\\n | 400 | hexadecimal number
          -5\\r\\nabcde\\r\\n0\\r\\n\\r\\n  | 400 | hexadecimal number
          +5\\r\\nabcde\\r\\n0\\r\\n\\r\\n  | 400 | hexadecimal number
          \\t5\\r\\nabcde\\r\\n0\\r\\n\\r\\n | 400 | hexadecimal number
          5 5\\r\\nabcde\\r\\n0\\r\\n\\r\\n | 400 | hexadecimal number
          5;\\0\\r\\nabcde\\r\\n0\\r\\n\\r\\n | 400 | hexadecimal number
          ffffffffffffffffff\\r\\nabc      | 413 | --max-body
          7fffffff\\r\\nabc                | 413 | larger
          ffffffff\\r\\nabc                | 413 | larger
          0\\r\\nNo colon\\r\\n\\r\\n       | 400 | colon right after
          0\\r\\nX: a\\r\\n folded\\r\\n\\r\\n | 400 | folded
          0\\r\\nX: a\\n\\r\\n              | 400 | LF alone
          """)
  void refusedChunks(String chunks, int status, String message) throws IOException {
    String bytes = chunks.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0");
    assertRefused(exchange(chunked(bytes) + END), status, message);
  }

  @Test
  void extensionsAndTrailersAreBounded() throws IOException {
    assertRefused(exchange(chunked("1;" + "x".repeat(2_000) + "\r\n{\r\n")), 400, "longer than 1024 bytes");
    assertRefused(exchange(chunked(("1;" + "x".repeat(500) + "\r\n \r\n").repeat(50))), 400, "too many extensions");
    assertRefused(exchange(chunked("0\r\n" + ("X: " + "x".repeat(1_000) + "\r\n").repeat(20))), 431, "16384 bytes");
  }

  @Test
  void aLongHeadIsRefusedByWhatIsTooLong() throws IOException {
    assertRefused(exchange("GET /" + "x".repeat(9_000) + " HTTP/1.1\r\n"), 414, "8192 bytes");
    assertRefused(exchange("GET / HTTP/1.1\r\nX: " + "x".repeat(17_000)), 431, "16384 bytes");
    assertRefused(exchange("GET / HTTP/1.1\r\n" + "x".repeat(17_000)), 431, "16384 bytes");
    assertRefused(exchange("GET / HTTP/1.1\r\n" + "a: b\r\n".repeat(3_000)), 431, "16384 bytes");
    String most = "x".repeat(RequestHeadLimits.VALUE);
    List<Answer> answers = exchange("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + most + "\r\n\r\n" + END);
    assertThat(answers).extracting(Answer::status).containsExactly(200, 200);
  }

  /** What fits in the limits: 16 KiB less the other lines. */
  private static final class RequestHeadLimits {
    static final int VALUE = (16 << 10) - "Host: localhost\r\n".length() - "X: \r\n".length();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /hea",
        "GET /health HTTP/1.1\r\nHost: lo",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
      })
  void aRequestThatEndsInTheMiddleIsTheClientsFault(String start) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(start);
      client.socket().shutdownOutput();
      assertRefused(client.readAll(), 400, "before its request was complete");
    }
  }

  /** HTTP/1.0, as nginx speaks it to a server behind it unless told otherwise. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          GET /health HTTP/1.0\\r\\n\\r\\n                          | 200
          GET /health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n       | 200
          GET /health HTTP/1.0\\r\\nConnection: keep-alive\\r\\nExpect: tea\\r\\n\\r\\n | 200
          GET http://localhost/health HTTP/1.0\\r\\n\\r\\n           | 200
          GET /none HTTP/1.0\\r\\n\\r\\n                            | 404
          DELETE /health HTTP/1.0\\r\\n\\r\\n                       | 405
          GET /health HTTP/1.0\\r\\nHost: evil.example\\r\\n\\r\\n    | 403
          GET / HTTP/1.0\\r\\n\\r\\n                                | 200
          """)
  void anOldVersionIsAnsweredAndEndsTheConnection(String request, int status) throws IOException {
    List<Answer> answers = exchange(request.replace("\\r", "\r").replace("\\n", "\n") + END);
    assertThat(answers).extracting(Answer::status).containsExactly(status);
    assertThat(answers.getFirst().closes()).isTrue();
    assertThat(answers.getFirst().body()).isNotEmpty();
  }

  /** HTTP/1.0 has no chunks: the end of the connection ends the stream. */
  @Test
  void aStreamForAnOldVersionHasNoChunks() throws IOException {
    String request = TestServer.rawPost(TestServer.CHAT, TestServer.HELLO_STREAM);
    try (RawHttp old = new RawHttp(server.server().port());
        RawHttp current = new RawHttp(server.server().port())) {
      old.send(request.replace("HTTP/1.1", "HTTP/1.0"));
      String answer = old.readText();
      assertThat(answer).startsWith("HTTP/1.1 200 ").doesNotContain("Transfer-Encoding");
      String stream = answer.substring(answer.indexOf("\r\n\r\n") + 4);
      current.send(request);
      assertThat(withoutIds(stream)).isEqualTo(withoutIds(current.read().body())).contains("data: [DONE]");
    }
  }

  private static String withoutIds(String stream) {
    return stream.replaceAll("\"(id|created)\":[^,]*,", "").replaceAll("\"timings\":\\{[^}]*}", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/health",
        "/ready",
        "/v1/models",
        "/v1/models/test/model",
        "/assets/app.js",
        "/assets/icon.svg",
        "/none"
      })
  void headIsAnsweredOnEveryPathOfGet(String path) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Answer get = client.read();
      client.send("HEAD " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Answer head = client.readHead();
      assertThat(head.status()).isEqualTo(get.status());
      assertThat(withoutDateAndId(head.headers())).isEqualTo(withoutDateAndId(get.headers()));
      client.send("HEAD " + path + " HTTP/1.0\r\n\r\n");
      assertThat(client.readText()).startsWith("HTTP/1.1 " + get.status()).endsWith("\r\n\r\n");
    }
  }

  private static Map<String, String> withoutDateAndId(Map<String, String> headers) {
    Map<String, String> rest = new TreeMap<>(headers);
    rest.remove("date");
    rest.remove("x-request-id");
    rest.remove("request-id");
    return rest;
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /health, 'GET, HEAD'",
    "POST, /, 'GET, HEAD'",
    "PUT, /v1/models, 'GET, HEAD'",
    "GET, /v1/chat/completions, POST",
    "HEAD, /v1/chat/completions, POST",
    "CONNECT, localhost:443, 'GET, HEAD, POST, DELETE, OPTIONS'"
  })
  void anotherMethodIsToldWhichAreAllowed(String method, String target, String allowed) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Answer answer = method.equals("HEAD") ? client.readHead() : client.read();
      assertThat(answer.status()).isEqualTo(405);
      assertThat(answer.headers()).containsEntry("allow", allowed);
    }
  }

  @Test
  void headHasTheAnswerOfGetWithoutItsBody() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      for (int i = 0; i < 2; i++) {
        client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Answer head = client.readHead();
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.headers()).containsEntry("content-length", "15");
      }
      client.send("HEAD /none HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(client.readHead().status()).isEqualTo(404);
      client.send(END);
      assertThat(client.read().body()).isEqualTo("{\"status\":\"ok\"}");
    }
  }

  @Test
  void aBodyThatIsWaitedForGetsLeaveToCome() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(POST + "Expect: 100-continue\r\nContent-Length: " + HELLO.length() + "\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(100);
      client.send(HELLO + END);
      assertThat(client.readAll()).extracting(Answer::status).containsExactly(200, 200);
    }
  }

  /** Helidon takes what follows for the next request, though it may be the body. */
  @ParameterizedTest
  @ValueSource(strings = {"GET /health", "POST /none", "POST /health"})
  void aBodyThatIsNotWantedIsNeverTakenForARequest(String request) throws IOException {
    List<Answer> answers =
        exchange(
            request
                + " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
                + END.length()
                + "\r\n\r\n"
                + END
                + END);
    assertThat(answers).hasSize(1);
  }

  @Test
  void aRefusedBodyLeavesTheNextConnectionAlone() throws IOException, InterruptedException {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer other = TestServer.start(generator);
        RawHttp good = new RawHttp(other.server().port());
        RawHttp bad = new RawHttp(other.server().port())) {
      good.send(chunked(Integer.toHexString(HELLO.length()) + "\r\n" + HELLO + "\r\n0\r\n\r\n"));
      ScriptedGenerator.Script script = generator.next();
      bad.send(chunked("zz\r\n"));
      assertRefused(bad.readAll(), 400, "hexadecimal");
      script.say("hi");
      script.finish(FinishReason.STOP);
      assertThat(good.read().status()).isEqualTo(200);
    }
  }

  private static void assertRefused(List<Answer> answers, int status, String message) {
    assertThat(answers).as("answers").hasSize(1);
    Answer answer = answers.getFirst();
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.closes()).as("says that it closes").isTrue();
    assertThat(answer.headers()).containsEntry("content-type", "application/json");
    JsonNode error = TestServer.json(answer.body()).path("error");
    assertThat(error.path("message").asText()).contains(message);
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("code").asText()).isNotEmpty();
  }
}
