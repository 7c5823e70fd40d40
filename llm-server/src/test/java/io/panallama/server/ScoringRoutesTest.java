package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.embedding.LongText;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.InvalidRequestException;
import io.panallama.scoring.RerankOptions;
import io.panallama.scoring.ScoreFunction;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The routes that rank and classify, over a reranker and a classifier that measure texts. */
class ScoringRoutesTest {
  private final ScriptedReranker reranker = new ScriptedReranker();
  private final ScriptedClassifier classifier = new ScriptedClassifier();
  private final TestServer server = TestServer.start(new ScriptedGenerator());

  @BeforeEach
  void serve() {
    server.server().serve(ScriptedReranker.model(), reranker);
    server.server().serve(ScriptedClassifier.model(), classifier);
  }

  @AfterEach
  void close() {
    server.close();
  }

  private JsonNode ask(String path, String body) {
    HttpResponse<String> response = server.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/rerank", "/v1/rerank", "/reranking", "/v1/reranking", "/v2/rerank"})
  void theBestComesFirst(String path) {
    JsonNode answer =
        ask(path, "{\"model\":\"bge\",\"query\":\"Q\",\"documents\":[\"one\",{\"text\":\"three\"},\"\"]}");

    assertThat(answer.path("model").asText()).isEqualTo("ranking");
    assertThat(answer.path("object").asText()).isEqualTo("list");
    assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(15);
    assertThat(answer.path("usage").path("total_tokens").asInt()).isEqualTo(15);
    assertThat(answer.path("results").toString())
        .isEqualTo(
            "[{\"index\":1,\"relevance_score\":5.0},{\"index\":0,\"relevance_score\":3.0},{\"index\":2,\"relevance_score\":0.0}]");
    assertThat(reranker.query()).isEqualTo("Q");
    assertThat(reranker.options().normalized()).isFalse();
    assertThat(reranker.options().truncate()).as("as Cohere does it").isEqualTo(path.startsWith("/v2"));
  }

  @Test
  void asMuchOfEachDocumentIsReadAsIsWanted() {
    ask("/v1/rerank", "{\"query\":\"Q\",\"documents\":[\"one\"],\"max_tokens_per_doc\":7}");
    assertThat(reranker.options().maxDocumentTokens()).isEqualTo(7);
    assertThat(reranker.options().truncate()).isTrue();
    ask("/v1/rerank", "{\"query\":\"Q\",\"documents\":[\"one\"],\"max_chunks_per_doc\":2}");
    assertThat(reranker.options().truncate()).isTrue();
    ask("/v2/rerank", "{\"query\":\"Q\",\"documents\":[\"one\"],\"truncate\":false}");
    assertThat(reranker.options().maxDocumentTokens()).isEqualTo(RerankOptions.ALL);
    assertThat(reranker.options().truncate()).isFalse();
  }

  /** The scores are lengths, a line end between two fields. */
  @Test
  void theNamedFieldsOfDocumentsAreRead() {
    JsonNode answer =
        ask(
            "/v1/rerank",
            "{\"query\":\"Q\",\"documents\":[{\"title\":\"four\",\"text\":\"eleven more\",\"year\":2026},"
                + "{\"year\":1},\"one\",{\"id\":[1]}],\"rank_fields\":[\"title\",\"year\"],\"return_documents\":true}");
    assertThat(answer.path("results").toString())
        .isEqualTo(
            "[{\"index\":0,\"relevance_score\":9.0,\"document\":{\"title\":\"four\",\"text\":\"eleven"
                + " more\",\"year\":2026}},{\"index\":2,\"relevance_score\":3.0,\"document\":{\"text\":\"one\"}},"
                + "{\"index\":1,\"relevance_score\":1.0,\"document\":{\"year\":1}},"
                + "{\"index\":3,\"relevance_score\":0.0,\"document\":{\"id\":[1]}}]");
  }

  /** The first client to leave is seen as an interrupt, and gets no answer. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "/v1/rerank | {\"query\":\"Q\",\"documents\":[\"one\"]}",
        "/rerank | {\"query\":\"Q\",\"texts\":[\"one\"]}",
        "/classify | {\"input\":[\"one\"]}"
      })
  void aClientThatLeavesCancelsItsTexts(String path, String body) throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Boolean> left = new CompletableFuture<>();
    Runnable waiting =
        () -> {
          begun.countDown();
          try {
            never.await();
          } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            left.complete(true);
            throw new EmbeddingException(EmbeddingException.Reason.INTERRUPTED, "Interrupted.", interrupt);
          }
        };
    reranker.during(waiting);
    classifier.during(waiting);
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(TestServer.rawPost(path, body));
      begun.await();
      client.socket().shutdownOutput();
      assertThat(left.get()).isTrue();
      assertThat(client.readText()).isEmpty();
    }
    server.awaitNoRequests();
    reranker.during(() -> {});
    classifier.during(() -> {});
    ask(path, body);
  }

  @Test
  void documentsComeBackOnRequestAndNoMoreThanAskedFor() {
    JsonNode answer =
        ask(
            "/v1/rerank",
            "{\"query\":\"Q\",\"documents\":[\"one\",\"three\"],\"top_n\":1,\"return_documents\":true,\"raw_scores\":false}");
    assertThat(answer.path("results").toString())
        .isEqualTo("[{\"index\":1,\"relevance_score\":5.0,\"document\":{\"text\":\"three\"}}]");
    assertThat(reranker.options().topN()).isEqualTo(1);
    assertThat(reranker.options().normalized()).isTrue();
    ask("/v1/rerank", "{\"query\":\"Q\",\"documents\":[\"one\"],\"raw_scores\":true,\"top_n\":99}");
    assertThat(reranker.options().normalized()).isFalse();
  }

  @Test
  void textsAreAnsweredInTheShapeOfTextEmbeddingsInference() {
    JsonNode answer = ask("/rerank", "{\"query\":\"Q\",\"texts\":[\"one\",\"three\"]}");
    assertThat(answer.toString()).isEqualTo("[{\"index\":1,\"score\":5.0},{\"index\":0,\"score\":3.0}]");
    assertThat(ask("/rerank", "{\"query\":\"Q\",\"texts\":[\"one\"],\"return_text\":true}").toString())
        .isEqualTo("[{\"index\":0,\"score\":3.0,\"text\":\"one\"}]");
  }

  @Test
  void whatWasCutIsSaid() {
    JsonNode answer = ask("/rerank", "{\"query\":\"Q\",\"documents\":[\"far too long\"],\"truncate\":true}");
    assertThat(answer.path("results").get(0).path("truncated").asBoolean()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"documents\":[\"a\"]} | query | query is missing",
        "{\"query\":5,\"documents\":[\"a\"]} | query | a string",
        "{\"query\":\"a\"} | documents | documents is missing",
        "{\"query\":\"a\",\"documents\":null} | documents | documents is missing",
        "{\"query\":\"a\",\"documents\":[]} | documents | documents is empty",
        "{\"query\":\"a\",\"documents\":123} | documents | an array of strings",
        "{\"query\":\"a\",\"documents\":[\"a\",1]} | documents[1] | it is the number 1",
        "{\"query\":\"a\",\"documents\":[{\"title\":\"a\"}]} | documents[0] | an object with a text",
        "{\"query\":\"a\",\"documents\":[5],\"rank_fields\":[\"title\"]} | documents[0] | an object with rank_fields",
        "{\"query\":\"a\",\"documents\":[{\"id\":\"\\ud800\"}],\"rank_fields\":[\"title\"]} | documents[0] | surrogate"
            + " pair",
        "{\"query\":\"a\",\"documents\":[\"a\"],\"max_tokens_per_doc\":0} | max_tokens_per_doc | must be 1 or more",
        "{\"query\":\"a\",\"texts\":[]} | texts | texts is empty",
        "{\"query\":\"a\",\"texts\":[\"a\",[]]} | texts[1] | a string",
        "{\"query\":\"a\",\"documents\":[\"a\"],\"top_n\":0} | top_n | must be 1 or more",
        "{\"query\":\"a\",\"documents\":[\"a\"],\"top_n\":\"1\"} | top_n | a whole number",
        "{\"query\":\"a\",\"documents\":[\"a\"],\"return_documents\":1} | return_documents | true or false",
        "{\"query\":\"a\",\"documents\":[\"a\",\"far too long\"]} | documents[1] | documents[1] has 99 tokens; shorten"
            + " it, or send \"truncate\": true",
        "{\"query\":\"a\",\"texts\":[\"a\",\"far too long\"]} | texts[1] | texts[1] has 99 tokens",
        "{\"query\":\"far too long\",\"texts\":[\"a\"]} | query | maximum context length is 64 tokens",
      })
  void whatIsWrongIsNamed(String body, String param, String text) {
    HttpResponse<String> response = server.post("/v1/rerank", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = json(response.body()).path("error");
    assertThat(error.path("param").asText()).as(response.body()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(text);
  }

  @Test
  void failuresHaveTheirStatus() {
    String body = "{\"query\":\"a\",\"texts\":[\"a\"]}";
    reranker.failing(new EngineBusyException(5, Duration.ofSeconds(1)));
    assertThat(server.post("/rerank", body).statusCode()).isEqualTo(429);
    reranker.failing(new EmbeddingException(EmbeddingException.Reason.NOT_FINITE, "It broke.", null));
    assertThat(server.post("/rerank", body).statusCode()).isEqualTo(500);
    reranker.failing(
        new InvalidRequestException("documents", InvalidRequestException.name("documents") + " has too many."));
    assertThat(server.post("/rerank", body).body()).contains("texts has too many.");
    assertThat(server.server().runningRequests()).isZero();
  }

  @Test
  void textsGetLabelsInTheShapeOfVllm() {
    JsonNode answer = ask("/classify", "{\"model\":\"lengths\",\"input\":[\"one\",\"three\"]}");

    assertThat(answer.path("id").asText()).startsWith("classify-");
    assertThat(answer.path("object").asText()).isEqualTo("list");
    assertThat(answer.path("model").asText()).isEqualTo("lengths");
    assertThat(answer.path("usage").path("prompt_tokens").asInt()).isEqualTo(10);
    assertThat(answer.path("data")).hasSize(2);
    assertThat(answer.path("data").get(1).toString())
        .isEqualTo(
            "{\"index\":1,\"label\":\"long\",\"score\":0.75,\"probs\":[0.25,0.75],\"num_classes\":2,"
                + "\"scores\":[{\"label\":\"short\",\"score\":0.25},{\"label\":\"long\",\"score\":0.75}]}");
    assertThat(classifier.options().function()).isEqualTo(ScoreFunction.MODEL);
    assertThat(ask("/v1/classify", "{\"input\":\"\"}").path("data").get(0).path("truncated").asBoolean()).isTrue();
  }

  @Test
  void theFunctionIsAChoice() {
    ask("/classify", "{\"input\":\"a\",\"multi_label\":true,\"truncate\":true}");
    assertThat(classifier.options().function()).isEqualTo(ScoreFunction.SIGMOID);
    assertThat(classifier.options().longText()).isEqualTo(LongText.TRUNCATE);
    ask("/classify", "{\"input\":\"a\",\"use_activation\":false}");
    assertThat(classifier.options().function()).isEqualTo(ScoreFunction.NONE);
    ask("/classify", "{\"input\":\"a\",\"use_activation\":true}");
    assertThat(classifier.options().function()).isEqualTo(ScoreFunction.MODEL);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | input | input is missing",
        "{\"input\":[]} | input | input is empty",
        "{\"input\":7} | input | a string or an array of strings",
        "{\"input\":[\"a\",7]} | input[1] | a string",
        "{\"input\":[\"a\",\"far too long\"]} | input[1] | input[1] has 99 tokens",
        "{\"input\":\"far too long\"} | input | input has 99 tokens",
        "{\"input\":\"odd\",\"multi_label\":true} | multi_label | multi_label is odd",
        "{\"input\":\"a\",\"multi_label\":true,\"use_activation\":false} | use_activation | only one of them",
      })
  void whatIsWrongInTextsIsNamed(String body, String param, String text) {
    HttpResponse<String> response = server.post("/classify", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = json(response.body()).path("error");
    assertThat(error.path("param").asText()).as(response.body()).isEqualTo(param);
    assertThat(error.path("message").asText()).contains(text);
  }

  @Test
  void eachModelAnswersForItself() {
    JsonNode models = json(server.get("/v1/models").body());
    assertThat(models.path("data")).hasSize(3);
    assertThat(models.path("models").get(1).path("capabilities").get(0).asText()).isEqualTo("rerank");
    assertThat(models.path("models").get(2).path("capabilities").get(0).asText()).isEqualTo("classify");
    assertThat(json(server.get("/v1/models/bge").body()).path("id").asText()).isEqualTo("ranking");
    // Any name means the only model of its kind.
    ask("/rerank", "{\"model\":\"rerank-v3.5\",\"query\":\"a\",\"documents\":[\"a\"]}");
    HttpResponse<String> chat =
        server.post(TestServer.CHAT, "{\"model\":\"bge\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    assertThat(chat.statusCode()).isEqualTo(404);
    assertThat(json(server.post("/api/show", "{\"model\":\"bge\"}").body()).path("capabilities")).isEmpty();
  }
}
