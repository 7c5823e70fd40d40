package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.demo.DemoModel;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Guards the model in the jar. {@code demo-model.json} comes from the training ({@code ./train guard}): how it split texts
 * into tokens, how it wrote prompts, some questions of each set of the evaluation, and answers with their verdicts.
 */
@Timeout(300)
class DemoModelGuardTest {
  /** Of the questions; docs/demo-model.md has the figure measured, and rounding differs a little between processors. */
  private static final double RIGHT = 0.86;

  /** Sets that the documentation's examples rely on; of each there are a few questions only. */
  private static final List<String> RELIED_ON =
      List.of("tool calls", "parallel calls", "two-digit subtraction", "honest fallback", "JSON schema", "personas");

  private static final double RELIED_ON_RIGHT = 0.75;

  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode expected;
  private static Model model;
  private static Engine engine;
  private static ChatServer server;
  private static HttpClient client;

  @BeforeAll
  static void start() throws IOException {
    try (InputStream file = DemoModelGuardTest.class.getResourceAsStream("demo-model.json")) {
      expected = JSON.readTree(file);
    }
    model = Model.load(DemoModel.extract());
    engine = Engine.start(model, EngineConfig.builder().slots(1).threads(1).batchThreads(1).build());
    server = ChatServer.start(ServerConfig.defaults().withPort(0));
    server.serve(ServedModel.of("demo", engine.sequenceContextSize()), engine, engine::stats);
    client = HttpClient.newHttpClient();
  }

  @AfterAll
  static void stop() {
    client.shutdownNow();
    server.close();
    engine.close();
    model.close();
  }

  private static JsonNode post(String path, JsonNode body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(server.uri().resolve(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  @Test
  void trainingAndLlamaCppTokenizeAlike() {
    assertThat(expected.path("tokens")).hasSizeGreaterThan(50);
    for (JsonNode entry : expected.path("tokens")) {
      String text = entry.path("text").asText();
      assertThat(model.tokenizer().tokenize(text, false, true))
          .as(text)
          .containsExactly(JSON.convertValue(entry.path("tokens"), int[].class));
    }
  }

  @Test
  void trainingAndTheChatTemplateWriteTheSamePrompts() throws Exception {
    assertThat(expected.path("prompts")).hasSizeGreaterThan(10);
    for (JsonNode entry : expected.path("prompts")) {
      assertThat(post("/apply-template", entry.path("request")).path("prompt").asText())
          .isEqualTo(entry.path("prompt").asText());
    }
  }

  @Test
  void trainingAndThisTestJudgeAnswersAlike() {
    assertThat(expected.path("verdicts")).hasSizeGreaterThan(30);
    for (JsonNode example : expected.path("verdicts")) {
      assertThat(DemoModelChecks.right(example.path("check"), example.path("message")))
          .as(example.toString())
          .isEqualTo(example.path("right").asBoolean());
    }
  }

  @Test
  void answersAreAsGoodAsTheModelCardSays() throws Exception {
    Map<String, List<Boolean>> verdicts = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    for (JsonNode question : expected.path("questions")) {
      JsonNode answer = post(TestServer.CHAT, question.path("request")).at("/choices/0/message");
      boolean right = DemoModelChecks.right(question.path("check"), answer);
      verdicts.computeIfAbsent(question.path("set").asText(), set -> new ArrayList<>()).add(right);
      if (!right) {
        wrong.add(question.path("set").asText() + ": " + question.at("/request/messages") + " -> " + answer);
      }
    }

    assertThat(expected.path("questions")).hasSizeGreaterThanOrEqualTo(200);
    String report = "the share of right answers; wrong are\n" + String.join("\n", wrong);
    assertThat(share(verdicts.values().stream().flatMap(List::stream).toList()))
        .as(report)
        .isGreaterThanOrEqualTo(RIGHT);
    for (String set : RELIED_ON) {
      assertThat(share(verdicts.get(set))).as(set + ": " + report).isGreaterThanOrEqualTo(RELIED_ON_RIGHT);
    }
  }

  private static double share(List<Boolean> verdicts) {
    return (double) verdicts.stream().filter(right -> right).count() / verdicts.size();
  }
}
