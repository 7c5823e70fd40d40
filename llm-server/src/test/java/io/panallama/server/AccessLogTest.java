package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EngineBusyException;
import io.panallama.server.metrics.PrometheusText;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The access log of a server. */
@Timeout(60)
class AccessLogTest {
  private static final String KEY = "sk-key-marker";

  @TempDir private Path folder;

  private final ScriptedGenerator generator = ScriptedGenerator.answering("answer-marker");
  private Path file;
  private TestServer server;

  @BeforeEach
  void start() {
    file = folder.resolve("access.log");
    ServerConfig config =
        TestServer.config().toBuilder()
            .accessLog(file.toString())
            .apiKeys(Set.of(KEY))
            .endpoints(Set.of(Endpoint.METRICS))
            .build();
    server = TestServer.start(config, generator);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpRequest request(String path, String body) {
    return server
        .request(path)
        .header("Authorization", "Bearer " + KEY)
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpResponse<String> post(String path, String body) {
    return server.send(request(path, body));
  }

  /** The lines of the log, as soon as there are this many. */
  private List<JsonNode> lines(int count) throws IOException, InterruptedException {
    return lines(file, count);
  }

  private static List<JsonNode> lines(Path of, int count) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (System.nanoTime() < deadline) {
      List<String> lines = Files.exists(of) ? Files.readAllLines(of) : List.of();
      if (lines.size() >= count) {
        assertThat(lines).hasSize(count);
        return lines.stream().map(TestServer::json).toList();
      }
      Thread.sleep(5);
    }
    throw new AssertionError("The log has fewer than " + count + " lines");
  }

  @Test
  void aGenerationHasALine() throws Exception {
    Instant before = Instant.now();
    HttpResponse<String> response = post(CHAT + "?api-version=query-marker", HELLO_STREAM);
    JsonNode line = lines(1).getFirst();
    assertThat(Instant.parse(line.path("time").asText())).isBetween(before.minusMillis(1), Instant.now());
    assertThat(line.path("request_id").asText()).isEqualTo(response.headers().firstValue("X-Request-Id").orElseThrow());
    assertThat(line.path("client").asText()).isEqualTo("127.0.0.1");
    assertThat(line.path("key").asText()).isEqualTo("--api-key");
    assertThat(line.path("method").asText()).isEqualTo("POST");
    assertThat(line.path("route").asText()).isEqualTo(CHAT);
    assertThat(line.path("path").asText()).isEqualTo(CHAT);
    assertThat(line.path("status").asInt()).isEqualTo(200);
    assertThat(line.path("outcome").asText()).isEqualTo("stop");
    assertThat(line.path("model").asText()).isEqualTo("test/model");
    assertThat(line.path("stream").asBoolean()).isTrue();
    assertThat(line.path("prompt_tokens").asInt()).isEqualTo(12);
    assertThat(line.path("cached_tokens").asInt()).isEqualTo(4);
    assertThat(line.path("generated_tokens").asInt()).isEqualTo(5);
    assertThat(line.path("queue_ms").asDouble()).isEqualTo(1);
    assertThat(line.path("ttft_ms").asDouble()).isEqualTo(21);
    assertThat(line.path("duration_ms").asDouble()).isPositive();
    assertThat(line.has("trace_id")).isFalse();
    assertThat(line.has("error")).isFalse();
  }

  @Test
  void promptsAnswersQueriesAndKeysAreInNoLine() throws Exception {
    post(CHAT + "?x=query-marker", HELLO.replace("Hello", "prompt-marker"));
    post(CHAT, "{\"messages\": \"prompt-marker\"}");
    post("/v1/models/none", "{\"prompt-marker\": 1}");
    server.send(
        server
            .request(CHAT)
            .header("Authorization", "Bearer sk-wrong-marker")
            .POST(HttpRequest.BodyPublishers.ofString(HELLO))
            .build());
    lines(4);
    assertThat(Files.readString(file))
        .doesNotContain("prompt-marker", "answer-marker", "query-marker", "key-marker", "wrong-marker");
  }

  @Test
  void refusalsSayWhy() throws Exception {
    assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(401);
    assertThat(post("/nowhere/at/all", "{}").statusCode()).isEqualTo(404);
    generator.refuse(new EngineBusyException(8, Duration.ofSeconds(1)));
    assertThat(post(CHAT, HELLO).statusCode()).isEqualTo(429);
    List<JsonNode> lines = lines(3);
    assertThat(lines).extracting(line -> line.path("outcome").asText()).containsOnly("refused");
    assertThat(lines).extracting(line -> line.path("status").asInt()).containsExactly(401, 404, 429);
    assertThat(lines)
        .extracting(line -> line.path("error").asText())
        .containsExactly("missing_api_key", "not_found", "queue_full");
    assertThat(lines.get(1).has("route")).isFalse();
    assertThat(lines.get(2).has("generated_tokens")).isFalse();
  }

  @Test
  void aClientThatLeavesIsNamed() throws Exception {
    generator.playing(script -> script.say("a"));
    try (Stream<String> answer = server.lines(request(CHAT, HELLO_STREAM)).body()) {
      assertThat(answer.filter(line -> line.contains("\"a\"")).findFirst()).isPresent();
    }
    JsonNode line = lines(1).getFirst();
    assertThat(line.path("outcome").asText()).isEqualTo("cancelled");
    assertThat(line.path("status").asInt()).isEqualTo(200);
    assertThat(line.path("prompt_tokens").asInt()).isEqualTo(12);
  }

  @Test
  void textsHaveTokens() throws Exception {
    server.server().serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
    post("/v1/embeddings", "{\"input\": \"a b\"}");
    JsonNode line = lines(1).getFirst();
    assertThat(line.path("prompt_tokens").asInt()).isPositive();
    assertThat(line.path("model").asText()).isEqualTo(ScriptedEmbedder.model().id());
    assertThat(line.path("outcome").asText()).isEqualTo("ok");
  }

  @Test
  void theCallersTraceIsNamed() throws Exception {
    for (String parent :
        List.of(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01")) {
      server.send(server.request("/health").header("traceparent", parent).GET().build());
    }
    assertThat(lines(3))
        .extracting(line -> line.path("trace_id").asText())
        .containsExactly("4bf92f3577b34da6a3ce929d0e0e4736", "", "");
  }

  /** As logrotate does it. */
  @Test
  void aFileThatWasMovedIsMadeAnew() throws Exception {
    server.get("/health");
    lines(1);
    Path old = folder.resolve("access.log.1");
    Files.move(file, old);
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!Files.exists(file) && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    server.get("/livez");
    assertThat(lines(1).getFirst().path("route").asText()).isEqualTo("/livez");
    assertThat(lines(old, 1).getFirst().path("route").asText()).isEqualTo("/health");
  }

  @Test
  void whatIsQueuedIsWrittenAtTheEnd() throws Exception {
    for (int i = 0; i < 100; i++) {
      server.get("/health");
    }
    server.close();
    assertThat(Files.readAllLines(file)).hasSize(100);
  }

  @Test
  void theMetricsTellWhatIsMissing() {
    String text = server.send(server.request("/metrics").header("Authorization", "Bearer " + KEY).GET().build()).body();
    assertThat(PrometheusText.parse(text).value("panallama_access_log_dropped_total")).isZero();
  }

  @Test
  void aFolderThatIsMissingEndsTheStart() {
    ServerConfig config = TestServer.config().toBuilder().accessLog(folder.resolve("no/file").toString()).build();
    assertThatThrownBy(() -> ChatServer.start(config))
        .isInstanceOf(ServerStartException.class)
        .hasMessageContaining("can't be written: there is no such file or folder.");
  }
}
