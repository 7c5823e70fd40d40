package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Embedder;
import io.panallama.Engine;
import io.panallama.IsolatedEngine;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.server.metrics.PrometheusText;
import io.panallama.server.registry.ServedModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server on an engine, and on an embedder, in another process, which is killed. */
@Timeout(120)
class IsolatedServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String STORY =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Tell me a story.\"}], \"temperature\": 0,"
          + " \"max_tokens\": 200}";

  private static final String TOKEN_GAPS = "vllm:inter_token_latency_seconds_count";

  @TempDir private Path reports;

  private final HttpClient client = HttpClient.newHttpClient();

  private static HttpRequest chat(ChatServer server) {
    return HttpRequest.newBuilder(server.uri().resolve(CHAT))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(STORY))
        .build();
  }

  private HttpResponse<String> get(URI uri) throws Exception {
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String text(HttpResponse<String> response) {
    try {
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      JsonNode body = JSON.readTree(response.body());
      return body.at("/choices/0/message/content").asText();
    } catch (JsonProcessingException malformed) {
      throw new AssertionError(response.body(), malformed);
    }
  }

  @Test
  void clientsNoticeNothingOfADeath() throws Exception {
    EngineConfig config =
        EngineConfig.builder()
            .slots(8)
            .isolation(Isolation.PROCESS)
            .isolationConfig(IsolationConfig.builder().reports(reports).build())
            .build();
    try (IsolatedEngine engine = (IsolatedEngine) Engine.start(DemoModel.extract(), config);
        ChatServer server =
            ChatServer.start(
                ServerConfig.builder().port(0).endpoints(Set.of(Endpoint.METRICS)).build(),
                ServedModel.of("demo", 1024),
                engine)) {
      String undisturbed = text(client.send(chat(server), HttpResponse.BodyHandlers.ofString()));
      PrometheusText metrics = metrics(server);
      // What a worker counts arrives within a fifth of a second.
      while (metrics.value(TOKEN_GAPS) == 0) {
        metrics = metrics(server);
      }
      assertThat(metrics.value("panallama_native_memory_bytes", "kind", "context")).isPositive();
      assertThat(metrics.value("panallama_kv_cells", "state", "free")).isPositive();
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        answers.add(client.sendAsync(chat(server), HttpResponse.BodyHandlers.ofString()));
      }
      long pid = engine.pid();
      ProcessHandle.of(pid).orElseThrow().destroyForcibly();
      boolean saidSo = false;
      while (engine.pid() == 0 || engine.pid() == pid || get(server.uri().resolve("/ready")).statusCode() != 200) {
        assertThat(get(server.uri().resolve("/health")).statusCode()).isEqualTo(200);
        HttpResponse<String> ready = get(server.uri().resolve("/ready"));
        if (ready.statusCode() == 503) {
          assertThat(ready.body()).contains("engine_restarting");
          saidSo = true;
        }
      }
      assertThat(saidSo).isTrue();
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(text(answer.join())).isEqualTo(undisturbed);
      }
      PrometheusText later = metrics(server);
      assertThat(later.value(TOKEN_GAPS)).as("counters go on").isGreaterThanOrEqualTo(metrics.value(TOKEN_GAPS));
      assertThat(later.value("panallama_requests_total")).isEqualTo(9);
    }
  }

  private PrometheusText metrics(ChatServer server) throws Exception {
    return PrometheusText.parse(get(server.uri().resolve("/metrics")).body());
  }

  @Test
  void clientsNoticeNothingOfADeathOfAnEmbedder() throws Exception {
    EmbedderConfig config =
        EmbedderConfig.builder()
            .threads(1)
            .isolation(Isolation.PROCESS)
            .isolationConfig(IsolationConfig.builder().reports(reports).build())
            .build();
    try (Embedder embedder = Embedder.load(DemoModel.extract(), ModelConfig.defaults(), config);
        ChatServer server =
            ChatServer.start(
                ServerConfig.builder().port(0).build(), ServedModel.of("scripted", 1024), new ScriptedGenerator())) {
      server.serve(ServedModel.of("vectors", 512), embedder);
      HttpRequest request =
          HttpRequest.newBuilder(server.uri().resolve("/v1/embeddings"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString("{\"input\": [\"Tell me a story.\", \"a\"]}"))
              .build();
      HttpResponse<String> undisturbed = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(undisturbed.statusCode()).as(undisturbed.body()).isEqualTo(200);
      assertThat(get(server.uri().resolve("/ready")).statusCode()).isEqualTo(200);
      long pid = embedder.pid();
      ProcessHandle.of(pid).orElseThrow().destroyForcibly();
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      boolean saidSo = false;
      while (embedder.pid() == 0 || embedder.pid() == pid || get(server.uri().resolve("/ready")).statusCode() != 200) {
        assertThat(get(server.uri().resolve("/health")).statusCode()).isEqualTo(200);
        HttpResponse<String> ready = get(server.uri().resolve("/ready"));
        if (ready.statusCode() == 503) {
          assertThat(ready.body()).contains("engine_restarting").contains("vectors");
          if (!saidSo) {
            answers.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
          }
          saidSo = true;
        }
      }
      assertThat(saidSo).isTrue();
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(JSON.readTree(answer.join().body()).path("data"))
            .isEqualTo(JSON.readTree(undisturbed.body()).path("data"));
      }
    }
  }
}
