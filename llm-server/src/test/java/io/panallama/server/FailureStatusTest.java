package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EmbeddingException;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.registry.Health;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEngine;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The answer to a client when a generation fails or an engine is gone: 503 only if a retry can help, 400 if the request is
 * to blame.
 */
class FailureStatusTest {
  /** The row of a reason in docs/server.md. */
  private record Row(int status, String code, boolean logged) {
    boolean retriable() {
      return status == 503;
    }

    String type() {
      return status == 400 ? "invalid_request_error" : "server_error";
    }
  }

  private static final Map<Reason, Row> TABLE =
      Map.ofEntries(
          Map.entry(Reason.OUT_OF_MEMORY, new Row(503, "out_of_memory", false)),
          Map.entry(Reason.ENGINE_CLOSED, new Row(503, "engine_closed", false)),
          Map.entry(Reason.INTERRUPTED, new Row(503, "draining", false)),
          Map.entry(Reason.NO_TOKEN_LEFT, new Row(400, "no_token_left", false)),
          Map.entry(Reason.GRAMMAR_LIMIT, new Row(400, "grammar_limit", false)),
          Map.entry(Reason.DECODE_FAILED, new Row(500, "generation_failed", true)),
          Map.entry(Reason.ENGINE_RESTARTING, new Row(503, "engine_restarting", false)),
          Map.entry(Reason.ENGINE_FAILED, new Row(500, "engine_failed", false)),
          Map.entry(Reason.ENGINE_KILLED, new Row(500, "engine_killed", true)),
          Map.entry(Reason.PROCESSOR_FAILED, new Row(500, "processor_failed", true)),
          Map.entry(Reason.MALFORMED_OUTPUT, new Row(500, "malformed_output", false)));

  private static ScriptedGenerator failing(Reason reason) {
    return new ScriptedGenerator()
        .playing(script -> {
          script.say("so far");
          script.fail(new GenerationException(reason, "It failed: " + reason, null));
        });
  }

  private static List<String> bodies(String body) {
    return List.of(body, body.replace("}]", "}], \"n\": 2"));
  }

  @ParameterizedTest
  @EnumSource
  void everyReasonHasItsStatus(Reason reason) {
    Row row = TABLE.get(reason);
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(failing(reason))) {
      for (String body : bodies(HELLO)) {
        HttpResponse<String> response = server.post(CHAT, body);
        assertThat(response.statusCode()).isEqualTo(row.status());
        assertThat(response.headers().firstValue("Retry-After").isPresent()).isEqualTo(row.retriable());
        JsonNode error = TestServer.error(response);
        assertThat(error.path("code").asText()).isEqualTo(row.code());
        assertThat(error.path("type").asText()).isEqualTo(row.type());
        if (reason != Reason.INTERRUPTED) {
          assertThat(error.path("message").asText()).isEqualTo("It failed: " + reason);
        }
      }
      assertThat(log.errors()).hasSize(row.logged() ? 2 : 0);
    }
  }

  private static final Map<EmbeddingException.Reason, Row> OF_TEXTS =
      Map.of(
          EmbeddingException.Reason.COMPUTE_FAILED, new Row(500, "embedding_failed", true),
          EmbeddingException.Reason.NOT_FINITE, new Row(500, "embedding_failed", true),
          EmbeddingException.Reason.INTERRUPTED, new Row(503, "draining", false),
          EmbeddingException.Reason.ENGINE_KILLED, new Row(500, "engine_killed", true),
          EmbeddingException.Reason.ENGINE_RESTARTING, new Row(503, "engine_restarting", false));

  @ParameterizedTest
  @EnumSource
  void everyReasonOfTextsHasItsStatus(EmbeddingException.Reason reason) {
    Row row = OF_TEXTS.get(reason);
    ScriptedEmbedder embedder = new ScriptedEmbedder();
    embedder.failing(new EmbeddingException(reason, "It failed: " + reason, null));
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(new ScriptedGenerator())) {
      server.server().serve(ScriptedEmbedder.model(), embedder);
      HttpResponse<String> response = server.post("/v1/embeddings", "{\"input\": \"a\"}");
      assertThat(response.statusCode()).isEqualTo(row.status());
      assertThat(response.headers().firstValue("Retry-After").isPresent()).isEqualTo(row.retriable());
      assertThat(TestServer.error(response).path("code").asText()).isEqualTo(row.code());
      assertThat(log.errors()).hasSize(row.logged() ? 1 : 0);
    }
  }

  private static final List<String> INTERNALS =
      List.of(
          "It ended: io.panallama.error.ModelFileChangedException: the file /srv/models/a.gguf changed.",
          "It ended. java.lang.InternalError: a fault occurred",
          "It ended: IllegalStateException: no",
          "It ended. See /var/log/panallama/hs_err.log for more.",
          "It ended: C:\\Models\\a.gguf is gone",
          "It ended: why\n\tat io.panallama.internal.Engine.run(Engine.java:5)");

  @Test
  void whatIsCutOffLeavesWholeSentences() {
    String told = "The engine's process has died of the same request before, so it is not tried again for a while";
    for (String report : List.of(". Report: /srv/crash.d/1.txt", ". See /var/log/a.txt")) {
      ScriptedGenerator generator =
          new ScriptedGenerator()
              .playing(script -> script.fail(new GenerationException(Reason.ENGINE_KILLED, told + report, null)));
      try (LogRecords _ = LogRecords.of(ErrorBoundary.class);
          TestServer server = TestServer.start(generator)) {
        assertThat(TestServer.error(server.post(CHAT, HELLO)).path("message").asText())
            .isEqualTo(told + "; the server's log says more.");
      }
    }
  }

  /** Whatever a failure says, and however it reaches its client: that is for the log. */
  @ParameterizedTest
  @EnumSource(
      names = {"INTERRUPTED", "NO_TOKEN_LEFT", "GRAMMAR_LIMIT"},
      mode = EnumSource.Mode.EXCLUDE)
  void noClientLearnsOfClassesFilesOrStacks(Reason reason) {
    for (String message : INTERNALS) {
      ScriptedGenerator generator =
          new ScriptedGenerator().playing(script -> script.fail(new GenerationException(reason, message, null)));
      try (LogRecords log = LogRecords.of(ErrorBoundary.class);
          TestServer server = TestServer.start(generator)) {
        for (String body :
            List.of(
                server.post(CHAT, HELLO).body(),
                server.post(CHAT, HELLO_STREAM).body(),
                server.post("/v1/responses", "{\"input\": \"x\", \"stream\": true}").body(),
                server.post("/v1/messages", HELLO).body(),
                server.post("/api/chat", HELLO).body(),
                server.post("/completion", "{\"prompt\": \"x\"}").body())) {
          assertThat(body)
              .contains("It ended")
              .doesNotContain("panallama.", "java.", "Exception", "Error:", "/srv", "/var", "Models", "Engine.run");
        }
        assertThat(log.errors()).hasSizeGreaterThanOrEqualTo(TABLE.get(reason).logged() ? 1 : 0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyReasonEndsAStreamWithTheSameError(Reason reason) {
    Row row = TABLE.get(reason);
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(failing(reason))) {
      for (String body : bodies(HELLO_STREAM)) {
        HttpResponse<String> response = server.post(CHAT, body);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).contains("event: error\ndata: ").doesNotContain("[DONE]");
        assertThat(json(data(response.body()).getLast()).at("/error/code").asText()).isEqualTo(row.code());
      }
      assertThat(log.errors()).hasSize(row.logged() ? 2 : 0);
    }
  }

  @Test
  void aFaultOfOursMidStreamIsAnErrorEventThatTellsNothing() {
    ScriptedGenerator broken =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.fault(new UnsupportedOperationException("secret detail"));
            });
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(broken)) {
      String body = server.post(CHAT, HELLO_STREAM).body();
      assertThat(body).contains("event: error\ndata: ").contains("internal_error").doesNotContain("secret");
      assertThat(log.errors()).singleElement().asString().matches("Request \\S+ \\(POST " + CHAT + "\\) failed: .+");
    }
  }

  @Test
  void aFailedEngineIsNotReadyAndIsLoggedOnce() {
    AtomicReference<Health> health = new AtomicReference<>(Health.up());
    try (LogRecords log = LogRecords.of(Registry.class);
        TestServer server = TestServer.startWithoutModel()) {
      server
          .server()
          .serve(TestServer.model(), ServedEngine.of(ScriptedGenerator.answering("hi")).withHealth(health::get));
      assertThat(server.get("/ready").statusCode()).isEqualTo(200);

      health.set(Health.failed("java.lang.OutOfMemoryError: secret detail"));
      HttpResponse<String> ready = server.get("/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.headers().firstValue("Retry-After")).isEmpty();
      assertThat(ready.body()).contains("engine_failed").contains("has failed").doesNotContain("secret");
      for (String body : List.of(HELLO, HELLO_STREAM)) {
        HttpResponse<String> answer = server.post(CHAT, body);
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(TestServer.error(answer).path("code").asText()).isEqualTo("engine_failed");
        assertThat(TestServer.error(answer).path("message").asText()).contains("\"test/model\" has failed");
      }
      assertThat(server.get("/health").statusCode()).as("the process lives").isEqualTo(200);
      assertThat(log.errors()).singleElement().asString().contains("test/model").contains("secret detail");

      server.server().serve(TestServer.model(), ScriptedGenerator.answering("hi"));
      assertThat(server.get("/ready").statusCode()).as("a new engine").isEqualTo(200);
    }
  }

  @Test
  void aModelFileThatChangedIsNamedAsTheReason() {
    try (LogRecords log = LogRecords.of(Registry.class);
        TestServer server = TestServer.startWithoutModel()) {
      server
          .server()
          .serve(
              TestServer.model(),
              ServedEngine.of(new ScriptedGenerator()).withHealth(() -> Health.fileChanged("secret path")));
      HttpResponse<String> ready = server.get("/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).contains("engine_failed", "the model file changed on disk").doesNotContain("secret");
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(500);
      assertThat(log.errors()).singleElement().asString().contains("secret path");
    }
  }

  @Test
  void aClosedEngineIsNotReadyAndMayBeReplaced() {
    try (LogRecords log = LogRecords.of(Registry.class);
        TestServer server = TestServer.startWithoutModel()) {
      server
          .server()
          .serve(
              TestServer.model(),
              ServedEngine.of(new ScriptedGenerator()).withHealth(() -> Health.closed("Closed by its owner.")));
      for (HttpResponse<String> response : List.of(server.get("/ready"), server.post(CHAT, HELLO))) {
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(TestServer.error(response).path("code").asText()).isEqualTo("engine_closed");
      }
      assertThat(log.errors()).hasSize(1);
    }
  }
}
