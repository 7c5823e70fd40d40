package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Normalization;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.FinishReason;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The routes for embeddings, over an embedder whose vectors are a text's length, its tokens and the options. */
class EmbeddingRouteTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ScriptedGenerator generator = new ScriptedGenerator();
  private final ScriptedEmbedder embedder = new ScriptedEmbedder();
  private final TestServer server = TestServer.start(generator);

  @BeforeEach
  void serve() {
    server.server().serve(ScriptedEmbedder.model(), embedder);
  }

  @AfterEach
  void close() {
    server.close();
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  private JsonNode ask(String path, String body) throws IOException {
    HttpResponse<String> response = server.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"one\" | 3",
        "[\"one\",\"three\"] | 3,5",
        "[7,8] | 102",
        "[[7,8],[9]] | 102,101",
        "[\"one\",[7],\"three\"] | 3,101,5",
      })
  void everyFormOfInputIsTaken(String input, String lengths) throws IOException {
    JsonNode answer = ask("/v1/embeddings", "{\"model\":\"minilm\",\"input\":" + input + "}");
    assertThat(answer.path("object").asText()).isEqualTo("list");
    assertThat(answer.path("model").asText()).isEqualTo("counting");
    List<String> found = new ArrayList<>();
    int tokens = 0;
    for (int i = 0; i < answer.path("data").size(); i++) {
      JsonNode one = answer.path("data").get(i);
      assertThat(one.path("index").asInt()).isEqualTo(i);
      assertThat(one.path("object").asText()).isEqualTo("embedding");
      found.add(String.valueOf(one.path("embedding").get(0).asInt()));
      tokens += 5;
    }
    assertThat(String.join(",", found)).isEqualTo(lengths);
    assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(tokens);
    assertThat(answer.path("usage").path("total_tokens").asInt()).isEqualTo(tokens);
  }

  @Test
  void vectorsComeAsBytesOnRequest() throws IOException {
    JsonNode answer = ask("/v1/embeddings", "{\"input\":\"three\",\"encoding_format\":\"base64\",\"user\":\"me\"}");
    byte[] bytes = Base64.getDecoder().decode(answer.path("data").get(0).path("embedding").asText());
    assertThat(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat()).isEqualTo(5f);
    assertThat(bytes).hasSize(4 * 4);
  }

  @Test
  void dimensionsAreHandedOn() throws IOException {
    ask("/v1/embeddings", "{\"input\":\"a\",\"dimensions\":2}");
    assertThat(embedder.options().dimensions()).isEqualTo(2);
    assertThat(embedder.options().normalization()).isEqualTo(Normalization.L2);
    assertThat(embedder.options().longText()).isEqualTo(LongText.REFUSE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | input | input is missing",
        "{\"input\":null} | input | input is missing",
        "{\"input\":[]} | input | input is empty",
        "{\"input\":\"\"} | input | input is an empty text; it needs one character at least.",
        "{\"input\":[\"\"]} | input[0] | input[0] is an empty text",
        "{\"input\":[\"a\",[7],\"\"]} | input[2] | input[2] is an empty text",
        "{\"input\":5} | input | a string, an array of token ids",
        "{\"input\":[\"a\",5]} | input[1] | a string, an array of token ids",
        "{\"input\":[7,\"a\"]} | input[1] | a token id",
        "{\"input\":[\"a\",[7,1.5]]} | input[1][1] | a token id",
        "{\"input\":\"a\",\"encoding_format\":\"int8\"} | encoding_format | base64",
        "{\"input\":\"a\",\"dimensions\":0} | dimensions | must be 1 or more",
        "{\"input\":\"a\",\"dimensions\":9} | dimensions | vectors have 4",
        "{\"input\":[\"a\",[7],\"far too long\"]} | input[2] | maximum context length is 64 tokens",
        "{\"input\":\"far too long\"} | input | input has 99 tokens",
        "{\"input\":[\"a\",[-5]]} | input[1][0] | -5",
        "{\"input\":[-5,7]} | input[0] | -5",
        "{\"input\":\"\\ud800\"} | input | surrogate",
      })
  void whatIsWrongIsNamed(String body, String param, String text) throws IOException {
    HttpResponse<String> response = server.post("/v1/embeddings", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = json(response).path("error");
    assertThat(error.path("param").asText()).as(response.body()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(text);
  }

  /** As in llama-server and Ollama; OpenAI refuses only what has no character at all. */
  @Test
  void otherEmptyTextsAreServed() throws IOException {
    assertThat(ask("/embedding", "{\"input\":\"\"}")).hasSize(1);
    assertThat(ask("/api/embed", "{\"input\":[\"\"]}").path("embeddings")).hasSize(1);
    assertThat(ask("/v1/embeddings", "{\"input\":\" \"}").path("data")).hasSize(1);
  }

  @Test
  void aTextThatIsTooLongHasItsCounts() throws IOException {
    JsonNode error = json(server.post("/v1/embeddings", "{\"input\":\"far too long\"}")).path("error");
    assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
    assertThat(error.path("n_prompt_tokens").asInt()).isEqualTo(99);
    assertThat(error.path("n_ctx").asInt()).isEqualTo(64);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/embedding", "/embeddings"})
  void llamaServersShape(String path) throws IOException {
    JsonNode answer = ask(path, "{\"content\":[\"one\",\"three\"]}");
    assertThat(answer).hasSize(2);
    assertThat(answer.get(1).path("index").asInt()).isEqualTo(1);
    assertThat(answer.get(1).path("embedding").get(0).get(0).asInt()).isEqualTo(5);
    assertThat(embedder.options().normalization()).isEqualTo(Normalization.L2);
    ask(path, "{\"input\":\"one\",\"embd_normalize\":-1}");
    assertThat(embedder.options().normalization()).isEqualTo(Normalization.NONE);
    ask(path, "{\"input\":\"one\",\"embd_normalize\":3}");
    assertThat(embedder.options().normalization()).isEqualTo(new Normalization.Norm(3));
    JsonNode scaled = ask(path, "{\"input\":\"one\",\"embd_normalize\":0}");
    assertThat(embedder.options().normalization()).isEqualTo(Normalization.MAX_ABS);
    assertThat(scaled.get(0).path("embedding").get(0).get(0).floatValue()).isCloseTo(3 * 32760f, within(1f));
    HttpResponse<String> refused = server.post(path, "{\"input\":\"one\",\"embd_normalize\":-2}");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("embd_normalize is -2");
  }

  @Test
  void withoutPoolingEachTokenHasAVector() throws IOException {
    embedder.withoutPooling();
    JsonNode answer = ask("/embedding", "{\"content\":[\"one\",[7,8],\"three\"],\"embd_normalize\":2}");
    assertThat(embedder.options().normalization()).isEqualTo(Normalization.NONE);
    assertThat(answer).hasSize(3);
    assertThat(answer.get(0).path("embedding")).hasSize(3);
    assertThat(answer.get(0).path("embedding").get(2)).hasToString("[3.0,2.0,0.0,0.0]");
    assertThat(answer.get(1).path("embedding")).hasToString("[[102.0,0.0,0.0,0.0],[102.0,1.0,0.0,0.0]]");
    assertThat(answer.get(2).path("embedding")).hasSize(5);
    for (String path : List.of("/v1/embeddings", "/api/embed")) {
      HttpResponse<String> refused = server.post(path, "{\"input\":\"one\"}");
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.body()).contains("--pooling none").contains("/embedding");
    }
    assertThat(server.post("/api/embeddings", "{\"prompt\":\"one\"}").statusCode()).isEqualTo(400);
  }

  /** llama-server's own route ignores the field, whose clients then get vectors of another length than they asked for. */
  @ParameterizedTest
  @ValueSource(strings = {"/embedding", "/embeddings"})
  void fewerDimensionsInLlamaServersShape(String path) {
    server.post(path, "{\"input\":\"one\",\"dimensions\":3}");
    assertThat(embedder.options().dimensions()).isEqualTo(3);
    HttpResponse<String> refused = server.post(path, "{\"input\":\"one\",\"dimensions\":9}");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("dimensions");
    assertThat(server.post(path, "{\"input\":\"one\",\"dimensions\":0}").statusCode()).isEqualTo(400);
  }

  /** The first client to leave is seen by the embedder as an interrupt, and gets no answer. */
  @ParameterizedTest
  @ValueSource(strings = {"/v1/embeddings", "/embedding", "/api/embed"})
  void aClientThatLeavesCancelsItsTexts(String path) throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Boolean> left = new CompletableFuture<>();
    embedder.during(() -> {
      begun.countDown();
      try {
        never.await();
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        left.complete(true);
        throw new EmbeddingException(EmbeddingException.Reason.INTERRUPTED, "Interrupted.", interrupt);
      }
    });
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(TestServer.rawPost(path, "{\"input\":[\"a\",\"b\"]}"));
      begun.await();
      client.socket().shutdownOutput();
      assertThat(left.get()).isTrue();
      assertThat(client.readText()).isEmpty();
    }
    server.awaitNoRequests();
    embedder.during(() -> {});
    assertThat(server.post(path, "{\"input\":\"a\"}").statusCode()).isEqualTo(200);
  }

  @Test
  void aVectorThatIsNoneIsAnError() throws IOException {
    embedder.failing(
        new EmbeddingException(
            EmbeddingException.Reason.NOT_FINITE,
            "The model gave numbers that are infinite or none for texts[1].",
            null));
    HttpResponse<String> broken = server.post("/v1/embeddings", "{\"input\":[\"a\",\"b\"]}");
    assertThat(broken.statusCode()).isEqualTo(500);
    assertThat(json(broken).path("error").path("code").asText()).isEqualTo("embedding_failed");
    assertThat(json(broken).path("error").path("message").asText()).contains("infinite or none").contains("[1]");
    assertThat(broken.body()).doesNotContain("NaN");
  }

  @Test
  void ollamasShape() throws IOException {
    JsonNode answer = ask("/api/embed", "{\"model\":\"minilm\",\"input\":[\"one\",\"three\"],\"keep_alive\":\"5m\"}");
    assertThat(answer.path("model").asText()).isEqualTo("counting");
    assertThat(answer.path("embeddings")).hasSize(2);
    assertThat(answer.path("embeddings").get(1).get(0).asInt()).isEqualTo(5);
    assertThat(answer.path("prompt_eval_count").asInt()).isEqualTo(10);
    assertThat(embedder.options().longText()).isEqualTo(LongText.TRUNCATE);
    ask("/api/embed", "{\"model\":\"minilm\",\"input\":\"one\",\"truncate\":false,\"dimensions\":3}");
    assertThat(embedder.options().longText()).isEqualTo(LongText.REFUSE);
    assertThat(embedder.options().dimensions()).isEqualTo(3);

    // As clients load a model.
    for (String nothing :
        List.of("{\"model\":\"minilm\"}", "{\"model\":\"minilm\",\"input\":[]}", "{\"input\":null}")) {
      JsonNode loaded = ask("/api/embed", nothing);
      assertThat(loaded.path("embeddings").isArray()).isTrue();
      assertThat(loaded.path("embeddings")).isEmpty();
      assertThat(loaded.path("prompt_eval_count").asInt(-1)).isZero();
    }

    JsonNode older = ask("/api/embeddings", "{\"model\":\"minilm\",\"prompt\":\"three\"}");
    assertThat(older.path("embedding").get(0).asInt()).isEqualTo(5);
    assertThat(ask("/api/show", "{\"model\":\"minilm:latest\"}").path("capabilities").get(0).asText())
        .isEqualTo("embedding");
  }

  @Test
  void bothModelsAreListedAndEachAnswersForItself() throws IOException {
    JsonNode models = json(server.get("/v1/models"));
    assertThat(models.path("data")).hasSize(2);
    assertThat(models.path("data").get(1).path("id").asText()).isEqualTo("counting");
    assertThat(models.path("models").get(1).path("capabilities").get(0).asText()).isEqualTo("embedding");
    assertThat(json(server.get("/v1/models/minilm")).path("id").asText()).isEqualTo("counting");

    // Any name means the only model of its kind, but a chat with the name of the other is a mistake.
    ask("/v1/embeddings", "{\"model\":\"text-embedding-3-small\",\"input\":\"a\"}");
    generator.playing(script -> {
      script.say("hi");
      script.finish(FinishReason.STOP);
    });
    String chat = "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    ask(CHAT, chat.formatted("gpt-4o"));
    HttpResponse<String> mistaken = server.post(CHAT, chat.formatted("minilm"));
    assertThat(mistaken.statusCode()).isEqualTo(404);
    assertThat(mistaken.body()).contains("minilm").doesNotContain("\"counting\"");
  }

  @Test
  void moreTextsThanCanWaitAreTheClientsFault() throws IOException {
    embedder.failing(new InvalidRequestException("texts", InvalidRequestException.name("texts") + " has too many."));
    JsonNode error = json(server.post("/v1/embeddings", "{\"input\":[\"a\",\"b\"]}")).path("error");
    assertThat(error.path("param").asText()).isEqualTo("input");
    assertThat(error.path("message").asText()).isEqualTo("input has too many.");
  }

  @Test
  void aRequestThatIsBeingEmbeddedIsRunning() {
    embedder.during(() -> assertThat(server.server().runningRequests()).isEqualTo(1));
    assertThat(server.post("/v1/embeddings", "{\"input\":\"a\"}").statusCode()).isEqualTo(200);
    assertThat(server.post("/embedding", "{\"input\":\"a\"}").statusCode()).isEqualTo(200);
    assertThat(server.post("/api/embed", "{\"input\":\"a\"}").statusCode()).isEqualTo(200);
    assertThat(server.post("/api/embeddings", "{\"prompt\":\"a\"}").statusCode()).isEqualTo(200);
    assertThat(server.server().runningRequests()).isZero();
  }

  @Test
  void failuresHaveTheirStatus() {
    embedder.failing(new EngineBusyException(5, Duration.ofSeconds(1)));
    assertThat(server.post("/v1/embeddings", "{\"input\":\"a\"}").statusCode()).isEqualTo(429);
    embedder.failing(new EngineClosedException());
    assertThat(server.post("/v1/embeddings", "{\"input\":\"a\"}").statusCode()).isEqualTo(503);
    embedder.failing(new EmbeddingException(EmbeddingException.Reason.COMPUTE_FAILED, "It broke.", null));
    HttpResponse<String> broken = server.post("/v1/embeddings", "{\"input\":\"a\"}");
    assertThat(broken.statusCode()).isEqualTo(500);
    assertThat(broken.body()).contains("embedding_failed");
  }
}
