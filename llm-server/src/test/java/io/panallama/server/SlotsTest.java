package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.Engine;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.demo.DemoModel;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.Role;
import io.panallama.server.keys.TestKeys;
import io.panallama.server.registry.ServedModel;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The operator's view of a real engine, in this process and in one of its own. */
@Timeout(120)
class SlotsTest {
  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  private static String body(boolean stream) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"Tell me a story.\"}], \"ignore_eos\": true,"
        + " \"context_overflow\": \"shift\", \"priority\": 7, \"stream\": "
        + stream
        + "}";
  }

  private static HttpRequest.Builder request(ChatServer server, String path, String key) {
    return HttpRequest.newBuilder(server.uri().resolve(path)).header("Authorization", "Bearer " + key);
  }

  private CompletableFuture<HttpResponse<String>> chat(ChatServer server, String key, boolean stream) {
    HttpRequest request =
        request(server, CHAT, key)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body(stream)))
            .build();
    return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> slots(ChatServer server, String key) throws Exception {
    return client.send(request(server, "/slots", key).build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> cancel(ChatServer server, String key, String id) throws Exception {
    return client.send(request(server, "/slots/" + id, key).DELETE().build(), HttpResponse.BodyHandlers.ofString());
  }

  /** The rows, once there are this many and the first has a token. */
  private JsonNode rows(ChatServer server, int count) throws Exception {
    JsonNode rows;
    do {
      rows = json(slots(server, "sk-operator").body());
    } while (rows.size() != count || rows.get(0).at("/next_token/0/n_decoded").asInt() == 0);
    return rows;
  }

  @ParameterizedTest
  @EnumSource(Isolation.class)
  void whatRunsAndWaitsIsShownAndCanBeCancelled(Isolation isolation) throws Exception {
    KeyFile keys = new KeyFile(folder.resolve("keys.json"));
    keys.update(_ ->
        new KeySet(
            List.of(
                TestKeys.key("ada", "sk-ada").build(),
                TestKeys.key("bob", "sk-bob").build(),
                TestKeys.key("operator", "sk-operator").withRoles(Role.OPERATE).build())));
    EngineConfig config = EngineConfig.builder().slots(1).threads(1).batchThreads(1).isolation(isolation).build();
    // Its answers may fill the context ten times over, so they go on for as long as the test.
    ServedModel model = ServedModel.of("demo", 10_000_000);
    try (Engine engine = Engine.start(DemoModel.extract(), config);
        ChatServer server =
            ChatServer.start(ServerConfig.builder().port(0).keyFile(keys.path()).build(), model, engine)) {
      JsonNode idle = json(slots(server, "sk-operator").body());
      assertThat(idle).hasSize(1);
      assertThat(idle.at("/0/is_processing").asBoolean(true)).isFalse();
      assertThat(idle.get(0).has("id_task")).isFalse();

      CompletableFuture<HttpResponse<String>> running = chat(server, "sk-ada", true);
      rows(server, 1);
      CompletableFuture<HttpResponse<String>> waiting = chat(server, "sk-bob", false);
      JsonNode rows = rows(server, 2);
      JsonNode first = rows.get(0);
      assertThat(first.path("key").asText()).isEqualTo("ada");
      assertThat(first.path("is_processing").asBoolean()).isTrue();
      assertThat(first.path("is_waiting").asBoolean(true)).isFalse();
      assertThat(first.path("n_prompt_tokens").asInt()).isPositive();
      assertThat(first.path("n_prompt_tokens_processed").asInt() + first.path("n_prompt_tokens_cache").asInt())
          .isEqualTo(first.path("n_prompt_tokens").asInt());
      assertThat(first.path("priority").asInt()).isEqualTo(7);
      assertThat(first.path("age_ms").isNumber()).isTrue();
      JsonNode second = rows.get(1);
      assertThat(second.path("key").asText()).isEqualTo("bob");
      assertThat(second.path("is_processing").asBoolean()).as("no slot is idle").isTrue();
      assertThat(second.path("is_waiting").asBoolean()).isTrue();
      assertThat(second.at("/next_token/0/n_decoded").asInt(-1)).isZero();

      String id = second.path("id_task").asText();
      assertThat(slots(server, "sk-ada").statusCode()).isEqualTo(403);
      assertThat(cancel(server, "sk-bob", id).statusCode()).as("its own").isEqualTo(403);
      HttpResponse<String> answer = cancel(server, "sk-operator", id);
      assertThat(answer.body()).isEqualTo("{\"id_task\":" + id + ",\"cancelled\":true}");
      HttpResponse<String> refused = waiting.join();
      assertThat(refused.statusCode()).isEqualTo(410);
      assertThat(json(refused.body()).at("/error/code").asText()).isEqualTo("cancelled_by_operator");
      assertThat(refused.headers().firstValue("Retry-After")).isEmpty();

      assertThat(cancel(server, "sk-operator", first.path("id_task").asText()).statusCode()).isEqualTo(200);
      assertThat(running.join().body()).contains("cancelled by the operator of the server").doesNotContain("[DONE]");
      rowsAreGone(server);
      HttpResponse<String> gone = cancel(server, "sk-operator", id);
      assertThat(gone.statusCode()).isEqualTo(404);
      assertThat(gone.body()).contains("No request with the id_task " + id);
      assertThat(cancel(server, "sk-operator", "first").statusCode()).isEqualTo(400);
    }
  }

  private void rowsAreGone(ChatServer server) throws Exception {
    JsonNode rows;
    do {
      rows = json(slots(server, "sk-operator").body());
    } while (rows.get(0).has("id_task"));
    assertThat(rows).hasSize(1);
  }
}
