package io.panallama.benchmarks.search;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * Passages of prose, and questions each of which one of them answers. Immutable.
 *
 * @param passages all of them; many answer no question
 * @param questions each with its passage
 */
public record QuestionSet(List<Passage> passages, List<Question> questions) {
  /**
   * A passage.
   *
   * @param id unique
   * @param text its words
   */
  public record Passage(String id, String text) {}

  /**
   * A question.
   *
   * @param text its words
   * @param passage the id of the passage that answers it
   * @param kind {@link #KEYWORDS} or {@link #PARAPHRASE}
   * @param tuning whether settings may be chosen by it; the others only report
   */
  public record Question(String text, String passage, String kind, boolean tuning) {}

  /** Names and other exact words of the passage. */
  public static final String KEYWORDS = "keywords";

  /** Other words than those of the passage. */
  public static final String PARAPHRASE = "paraphrase";

  /**
   * Paragraphs of this project's documentation as it was in November 2026, and short descriptions of what the JDK offers, which
   * were written for this. All questions are paraphrases, and none is for tuning.
   */
  public static QuestionSet prose() throws IOException {
    return read("passages.jsonl", "questions.jsonl");
  }

  /** Javadoc of this project's API as it was in November 2026, with questions of both kinds, half of them for tuning. */
  public static QuestionSet api() throws IOException {
    return read("api-passages.jsonl", "api-questions.jsonl");
  }

  /** The questions of a kind, for tuning or not. */
  public QuestionSet only(String kind, boolean tuning) {
    return new QuestionSet(
        passages, questions.stream().filter(each -> each.kind.equals(kind) && each.tuning == tuning).toList());
  }

  private static QuestionSet read(String passageFile, String questionFile) throws IOException {
    List<Passage> passages =
        lines(passageFile).stream()
            .map(line -> new Passage(line.path("id").asText(), line.path("text").asText()))
            .toList();
    List<Question> questions =
        lines(questionFile).stream()
            .map(line ->
                new Question(
                    line.path("question").asText(),
                    line.path("passage").asText(),
                    line.path("kind").asText(PARAPHRASE),
                    line.path("part").asText().equals("tuning")))
            .toList();
    return new QuestionSet(passages, questions);
  }

  private static List<JsonNode> lines(String resource) throws IOException {
    try (InputStream in = QuestionSet.class.getResourceAsStream(resource);
        MappingIterator<JsonNode> lines =
            new ObjectMapper().readerFor(JsonNode.class).<JsonNode>readValues(text(in, resource))) {
      return lines.readAll();
    }
  }

  private static String text(InputStream in, String resource) throws IOException {
    return new String(Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
  }
}
