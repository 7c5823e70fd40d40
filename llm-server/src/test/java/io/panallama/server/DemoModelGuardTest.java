package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Guards the model in the jar. {@code demo-model.json} comes from the training ({@code ./train guard}): how it split texts
 * into tokens, how it wrote prompts, some questions of each set of the evaluation, first messages that are asked with several
 * seeds, and answers with their verdicts.
 */
@Timeout(300)
class DemoModelGuardTest {
  /**
   * The share of the questions; docs/demo-model.md has the measured figure, and rounding differs a little between
   * processors.
   */
  private static final double RIGHT = 0.86;

  /** Sets that the documentation's examples rely on; each has only a few questions. */
  private static final List<String> RELIED_ON =
      List.of("tool calls", "parallel calls", "two-digit subtraction", "honest fallback", "JSON schema", "personas");

  private static final double RELIED_ON_RIGHT = 0.75;

  /** The sets of messages without capital letters begin so; each is small, so their answers are counted together. */
  private static final String SMALL_LETTERS = "small letters: ";

  private static final double SMALL_LETTERS_RIGHT = 0.8;

  /** How often a sampled message is asked, and how many answers must be right. */
  private static final int SEEDS = 20;

  private static final int RIGHT_OF_SEEDS = 19;

  private static final Pattern SUGGESTION = Pattern.compile("suggestion\\d: \"(.*)\"");

  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode expected;
  private static DemoServer demo;

  @BeforeAll
  static void start() throws IOException {
    try (InputStream file = DemoModelGuardTest.class.getResourceAsStream("demo-model.json")) {
      expected = JSON.readTree(file);
    }
    demo = DemoServer.start(1);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void trainingAndLlamaCppTokenizeAlike() {
    assertThat(expected.path("tokens")).hasSizeGreaterThan(50);
    for (JsonNode entry : expected.path("tokens")) {
      String text = entry.path("text").asText();
      assertThat(demo.model().tokenizer().tokenize(text, false, true))
          .as(text)
          .containsExactly(JSON.convertValue(entry.path("tokens"), int[].class));
    }
  }

  @Test
  void trainingAndTheChatTemplateWriteTheSamePrompts() throws Exception {
    assertThat(expected.path("prompts")).hasSizeGreaterThan(10);
    for (JsonNode entry : expected.path("prompts")) {
      assertThat(demo.answer("/apply-template", entry.path("request").toString()).path("prompt").asText())
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
      JsonNode answer = demo.answer(TestServer.CHAT, question.path("request").toString()).at("/choices/0/message");
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
    List<Boolean> small = new ArrayList<>();
    verdicts.forEach((set, ofSet) -> small.addAll(set.startsWith(SMALL_LETTERS) ? ofSet : List.of()));
    assertThat(small).hasSizeGreaterThan(20);
    assertThat(share(small)).as(SMALL_LETTERS + report).isGreaterThanOrEqualTo(SMALL_LETTERS_RIGHT);
  }

  /** A message that the page suggests, or one as users type it, sampled as the page samples. */
  @Test
  void suggestionsAndGreetingsAreAnsweredWellHoweverTheyAreTyped() throws Exception {
    List<String> asked = new ArrayList<>();
    for (JsonNode entry : expected.path("sampled")) {
      String text = entry.path("text").asText();
      asked.add(text);
      List<String> wrong = new ArrayList<>();
      for (int seed = 1; seed <= SEEDS; seed++) {
        ObjectNode body = JSON.createObjectNode().put("seed", seed).put("max_tokens", 300);
        body.putArray("messages").addObject().put("role", "user").put("content", text);
        JsonNode answer = demo.answer(TestServer.CHAT, body.toString()).at("/choices/0/message");
        if (!DemoModelChecks.right(entry.path("check"), answer)) {
          wrong.add(answer.path("content").asText());
        }
      }
      assertThat(SEEDS - wrong.size()).as("%s: wrong are %s", text, wrong).isGreaterThanOrEqualTo(RIGHT_OF_SEEDS);
    }
    assertThat(asked).containsAll(suggestionsOfThePage()).contains("hi");
  }

  private static List<String> suggestionsOfThePage() throws IOException {
    try (InputStream texts = ChatServer.class.getResourceAsStream("page/locales/en.js")) {
      String english = new String(texts.readAllBytes(), StandardCharsets.UTF_8);
      List<String> found = SUGGESTION.matcher(english).results().map(match -> match.group(1)).toList();
      assertThat(found).hasSize(3);
      return found;
    }
  }

  private static double share(List<Boolean> verdicts) {
    return (double) verdicts.stream().filter(right -> right).count() / verdicts.size();
  }
}
