package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.RawHttp.Answer;
import io.panallama.server.http.ErrorBoundary;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every answer names its request, by the client's name if it gave a usable one, and so does the log. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class RequestIdTest {
  private static final String HEADER = "x-request-id";

  private final TestServer server = TestServer.start(ScriptedGenerator.answering("hi"));

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void everyAnswerHasOneOfItsOwn() {
    Set<String> ids = new HashSet<>();
    List<HttpResponse<String>> answers =
        List.of(
            server.get("/"),
            server.get("/health"),
            server.post(CHAT, HELLO),
            server.post(CHAT, HELLO_STREAM),
            server.post(CHAT, "{"),
            server.get("/none"));
    answers.forEach(answer -> ids.add(answer.headers().firstValue(HEADER).orElseThrow()));
    assertThat(ids).hasSize(answers.size()).allMatch(id -> id.length() >= 32);
  }

  @Test
  void theClientsNameIsTakenOver() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      for (String request : List.of("GET /health", "GET /none", "OPTIONS /health")) {
        String id = "my-request/" + request.length();
        client.send(request + " HTTP/1.1\r\nHost: localhost\r\nX-REQUEST-ID: " + id + "\r\n\r\n");
        assertThat(client.read().headers()).containsEntry(HEADER, id);
      }
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: last\r\nNo colon\r\n\r\n");
      Answer refused = client.read();
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.headers()).containsEntry(HEADER, "last");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "two words", "tab\there", "\u00e9", "LONG"})
  void anUnusableNameIsReplaced(String name) throws IOException {
    String sent = name.replace("LONG", "x".repeat(129));
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: " + sent + "\r\n\r\n");
      Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.headers().get(HEADER)).isNotEqualTo(sent).hasSize(36);
    }
  }

  @Test
  void whatCantBeReadIsNamedAsWell() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send("GET\r\n\r\n");
      Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.headers()).containsKey(HEADER);
    }
  }

  @Test
  void theLogNamesTheRequestThatFailed() {
    ScriptedGenerator broken =
        new ScriptedGenerator().playing(script -> script.fault(new UnsupportedOperationException("secret")));
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer other = TestServer.start(broken)) {
      HttpRequest request =
          other.request(CHAT).header("X-Request-Id", "abc").POST(HttpRequest.BodyPublishers.ofString(HELLO)).build();
      assertThat(other.send(request).statusCode()).isEqualTo(500);
      assertThat(log.errors())
          .containsExactly("Request abc (POST " + CHAT + ") failed: The server failed; its log says more.");
    }
  }
}
