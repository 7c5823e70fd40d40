package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.error.GenerationException;
import io.panallama.error.InfillNotSupportedException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.registry.ServedEngine;
import io.panallama.server.registry.ServedModel;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers, streams and errors in Ollama's shapes. */
class OllamaTest {
  static final String CHAT = "/api/chat";
  static final String GENERATE = "/api/generate";
  static final String HELLO = "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";
  private static final String WHOLE = HELLO.replace("]}", "], \"stream\": false}");
  private static final String DURATIONS =
      "\"total_duration\":61000000,\"load_duration\":0,\"prompt_eval_count\":12,\"prompt_eval_duration\":20000000,"
          + "\"eval_count\":5,\"eval_duration\":40000000}";

  /** The document without the time that it was made, which must be one. */
  private static String timeless(String document) {
    ObjectNode node = (ObjectNode) json(document);
    assertThat(Instant.parse(node.path("created_at").asText())).isNotNull();
    node.remove("created_at");
    return node.toString();
  }

  private static List<String> lines(String stream) {
    assertThat(stream).endsWith("\n");
    return stream.lines().map(OllamaTest::timeless).toList();
  }

  private static ScriptedGenerator thinkingAndCalling() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(new GenerationEvent.Reasoning("Hm."));
          script.say("I \"look\"");
          script.say("");
          script.say(" it up.\n🦙");
          script.emit(new GenerationEvent.ToolCallStarted(0, "abc", "now"));
          script.emit(new GenerationEvent.ToolCallStarted(1, "def", "get_weather"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "{\"city\":\"A\uD83E"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "\uDD99\"}"));
          script.emit(new GenerationEvent.ToolCallArguments(0, "{}"));
          script.finish(FinishReason.TOOL_CALLS);
        });
  }

  private static final String CALLS =
      "\"tool_calls\":[{\"id\":\"abc\",\"function\":{\"index\":0,\"name\":\"now\",\"arguments\":{}}},"
          + "{\"id\":\"def\",\"function\":{\"index\":1,\"name\":\"get_weather\",\"arguments\":{\"city\":\"A🦙\"}}}]";

  @Test
  void aChatStreamsLines() {
    try (TestServer server = TestServer.start(thinkingAndCalling())) {
      HttpResponse<String> response = server.post(CHAT, HELLO);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("application/x-ndjson");
      String head = "{\"model\":\"test/model\",\"message\":{\"role\":\"assistant\",\"content\":";
      assertThat(lines(response.body()))
          .containsExactly(
              head + "\"\",\"thinking\":\"Hm.\"},\"done\":false}",
              head + "\"I \\\"look\\\"\"},\"done\":false}",
              head + "\" it up.\\n🦙\"},\"done\":false}",
              head + "\"\"," + CALLS + "},\"done\":false}",
              head + "\"\"},\"done\":true,\"done_reason\":\"stop\"," + DURATIONS);
    }
  }

  @Test
  void aWholeChatIsOneDocument() {
    try (TestServer server = TestServer.start(thinkingAndCalling())) {
      HttpResponse<String> response = server.post(CHAT, WHOLE);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
      assertThat(timeless(response.body()))
          .isEqualTo(
              "{\"model\":\"test/model\",\"message\":{\"role\":\"assistant\",\"content\":\"I \\\"look\\\" it"
                  + " up.\\n🦙\",\"thinking\":\"Hm.\","
                  + CALLS
                  + "},\"done\":true,\"done_reason\":\"stop\","
                  + DURATIONS);
    }
  }

  @Test
  void generateHasItsOwnShape() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.Reasoning("Hm."));
              script.say("one");
              script.say(" two");
              script.finish(FinishReason.LENGTH);
            });
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"model\": \"m\", \"prompt\": \"count\"}";
      assertThat(lines(server.post(GENERATE, body).body()))
          .containsExactly(
              "{\"model\":\"test/model\",\"response\":\"\",\"thinking\":\"Hm.\",\"done\":false}",
              "{\"model\":\"test/model\",\"response\":\"one\",\"done\":false}",
              "{\"model\":\"test/model\",\"response\":\" two\",\"done\":false}",
              "{\"model\":\"test/model\",\"response\":\"\",\"done\":true,\"done_reason\":\"length\"," + DURATIONS);
      assertThat(timeless(server.post(GENERATE, body.replace("}", ", \"stream\": false}")).body()))
          .isEqualTo(
              "{\"model\":\"test/model\",\"response\":\"one two\",\"thinking\":\"Hm.\",\"done\":true,"
                  + "\"done_reason\":\"length\","
                  + DURATIONS);
    }
  }

  @ParameterizedTest
  @CsvSource({"STOP, stop", "STOP_TEXT, stop", "LENGTH, length", "CONTEXT_FULL, length", "TIME_LIMIT, length"})
  void theEndHasAReason(FinishReason reason, String expected) {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.ToolCallStarted(0, "abc", "f"));
              script.emit(new GenerationEvent.ToolCallArguments(0, "{\"a\": "));
              script.finish(reason);
            });
    try (TestServer server = TestServer.start(generator)) {
      JsonNode whole = json(server.post(CHAT, WHOLE).body());
      assertThat(whole.path("done_reason").asText()).isEqualTo(expected);
      assertThat(whole.path("message").has("tool_calls")).as("half a call is no call").isFalse();
      assertThat(lines(server.post(CHAT, HELLO).body())).hasSize(1);
    }
  }

  @Test
  void logprobsHaveTheirTokens() {
    TokenLogprobs token =
        new TokenLogprobs(new TokenLogprob(65, -0.5f), List.of(new TokenLogprob(65, -0.5f), new TokenLogprob(66, -1f)));
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.Text("A", List.of(token)));
              script.finish(FinishReason.STOP);
            });
    try (TestServer server = TestServer.start(generator)) {
      String one = "{\"token\":\"A\",\"logprob\":-0.5,\"bytes\":[65]";
      String body = HELLO.replace("]}", "], \"logprobs\": true, \"top_logprobs\": 2}");
      assertThat(json(server.post(CHAT, body).body().lines().findFirst().orElseThrow()).path("logprobs").toString())
          .isEqualTo(
              "[" + one + ",\"top_logprobs\":[" + one + "},{\"token\":\"B\",\"logprob\":-1.0,\"bytes\":[66]}]}]");
      String chosen = WHOLE.replace("]", "], \"logprobs\": true");
      assertThat(json(server.post(CHAT, chosen).body()).path("logprobs").toString())
          .isEqualTo("[" + one + ",\"top_logprobs\":[]}]");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /api/chat     | {"model": "m", "messages": []}  | message  | {"role":"assistant","content":""}
          /api/chat     | {"model": "m"}                  | message  | {"role":"assistant","content":""}
          /api/generate | {"model": "m", "prompt": ""}    | response | ""
          /api/generate | {"model": "m", "keep_alive": 5} | response | ""
          """)
  void anEmptyPromptLoadsTheModel(String path, String body, String name, String content) {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(path, body);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
      assertThat(timeless(response.body()))
          .isEqualTo(
              "{\"model\":\"test/model\",\"" + name + "\":" + content + ",\"done\":true,\"done_reason\":\"load\"}");
      assertThat(generator.startedMore()).isFalse();
    }
    try (TestServer loading = TestServer.startWithoutModel()) {
      assertThat(loading.post(path, body).statusCode()).isEqualTo(503);
    }
  }

  @Test
  void aFailureMidStreamIsALineWithTheError() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.fail(
                  new GenerationException(GenerationException.Reason.DECODE_FAILED, "llama_decode failed", null));
            });
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      List<String> lines = server.post(CHAT, HELLO).body().lines().toList();
      assertThat(lines).hasSize(2).last().isEqualTo("{\"error\":\"llama_decode failed\"}");
      assertThat(log.errors()).hasSize(1);
    }
  }

  private static ServedModel model(String id) {
    return ServedModel.builder(id, 4096)
        .description("qwen2 7B Q4_K - Medium")
        .parameters(7_615_616_512L)
        .sizeBytes(4_683_073_952L)
        .created(Instant.parse("2026-11-28T10:00:00.5Z"))
        .build();
  }

  /** A server whose model has a chat template that shows tools and thinking, and no tokens for gaps. */
  private static TestServer start(String id) {
    ChatServer server = ChatServer.start(TestServer.config().toBuilder().strictModelNames(true).build());
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .rendering(request -> request.tools().list() + " " + request.template().thinking())
            .counting(OllamaTest::count);
    server.serve(model(id), ServedEngine.of(generator));
    return TestServer.around(server);
  }

  private static int count(GenerationRequest request) {
    if (request instanceof InfillRequest) {
      throw new InfillNotSupportedException(List.of("prefix"));
    }
    return 1;
  }

  private static final String DETAILS =
      "\"details\":{\"parent_model\":\"\",\"format\":\"gguf\",\"family\":\"qwen2\",\"families\":[\"qwen2\"],"
          + "\"parameter_size\":\"7.6B\",\"quantization_level\":\"Q4_K_M\"}";

  @Test
  void listsModels() {
    try (TestServer server = start("qwen")) {
      JsonNode model = json(server.get("/api/tags").body()).path("models").path(0);
      assertThat(model.toString())
          .startsWith(
              "{\"name\":\"qwen:latest\",\"model\":\"qwen:latest\",\"modified_at\":\"2026-11-28T10:00:00Z\","
                  + "\"size\":4683073952,\"digest\":\"")
          .endsWith("\"," + DETAILS + "}");
      assertThat(model.path("digest").asText()).matches("[0-9a-f]{64}");
      JsonNode running = json(server.get("/api/ps").body()).path("models").path(0);
      assertThat(running.path("digest")).isEqualTo(model.path("digest"));
      assertThat(running.path("expires_at").asText()).isEqualTo("9999-12-31T23:59:59Z");
      assertThat(running.path("context_length").asInt()).isEqualTo(4096);
      assertThat(json(server.get("/api/version").body()).path("version").asText()).matches("0\\.\\d+\\.\\d+");
    }
  }

  @ParameterizedTest
  @CsvSource({"model, qwen", "model, qwen:latest", "name, qwen"})
  void showsAModel(String field, String name) {
    try (TestServer server = start("qwen")) {
      HttpResponse<String> response = server.post("/api/show", "{\"" + field + "\": \"" + name + "\"}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      JsonNode shown = json(response.body());
      assertThat(response.body()).contains(DETAILS);
      assertThat(shown.path("model_info").toString())
          .isEqualTo(
              "{\"general.architecture\":\"qwen2\",\"general.basename\":\"qwen\","
                  + "\"general.parameter_count\":7615616512,\"qwen2.context_length\":4096}");
      assertThat(shown.path("capabilities").toString()).isEqualTo("[\"completion\",\"tools\",\"thinking\"]");
      assertThat(shown.path("modified_at").asText()).isEqualTo("2026-11-28T10:00:00Z");
    }
  }

  @Test
  void aServedModelNeedsNoPulling() {
    try (TestServer server = start("qwen:7b")) {
      HttpResponse<String> stream = server.post("/api/pull", "{\"name\": \"qwen:7b\", \"insecure\": false}");
      assertThat(stream.body()).isEqualTo("{\"status\":\"success\"}\n");
      assertThat(stream.headers().firstValue("Content-Type")).hasValue("application/x-ndjson");
      assertThat(server.post("/api/pull", "{\"model\": \"qwen:7b\", \"stream\": false}").body())
          .isEqualTo("{\"status\":\"success\"}");
      HttpResponse<String> other = server.post("/api/pull", "{\"model\": \"other\"}");
      assertThat(other.statusCode()).isEqualTo(404);
      assertThat(json(other.body()).path("error").asText()).contains("other");
      assertThat(json(server.get("/api/tags").body()).path("models").path(0).path("name").asText())
          .isEqualTo("qwen:7b");
    }
  }

  @Test
  void whatCantBeDoneIsSaid() {
    try (TestServer server = start("qwen")) {
      for (String path : List.of("/api/create", "/api/copy", "/api/push", "/api/blobs/sha256:00")) {
        HttpResponse<String> response = server.post(path, "{\"model\": \"x\"}");
        assertThat(response.statusCode()).isEqualTo(501);
        assertThat(json(response.body()).path("error").asText()).contains("models that it was started with");
      }
      HttpRequest delete =
          server
              .request("/api/delete")
              .method("DELETE", HttpRequest.BodyPublishers.ofString("{\"model\": \"qwen\"}"))
              .build();
      assertThat(server.send(delete).statusCode()).isEqualTo(501);
      for (String path : List.of("/api/embed", "/api/embeddings")) {
        HttpResponse<String> response = server.post(path, "{\"model\": \"x\", \"input\": \"y\"}");
        assertThat(response.statusCode()).isEqualTo(501);
        assertThat(json(response.body()).path("error").asText()).contains("no model that gives embeddings");
      }
      assertThat(json(server.post(CHAT, "{").body()).path("error").isTextual()).isTrue();
      HttpResponse<String> unknown = server.post(CHAT, HELLO);
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(json(unknown.body()).path("error").asText()).contains("\"m\"");
    }
  }

  @Test
  void aHeadOfTheRootWorks() {
    try (TestServer server = start("qwen")) {
      HttpRequest head = server.request("/").method("HEAD", HttpRequest.BodyPublishers.noBody()).build();
      assertThat(server.send(head).statusCode()).isEqualTo(200);
    }
  }
}
