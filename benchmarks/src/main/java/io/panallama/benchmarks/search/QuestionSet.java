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
 * Passages of prose, and questions each of which one of them answers. The passages are paragraphs of this project's documentation
 * as it was in November 2026, and short descriptions of what the JDK offers, which were written for this. Immutable.
 *
 * @param passages all of them; many answer no question
 * @param questions in other words than their passages
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
   */
  public record Question(String text, String passage) {}

  /** Reads the set that comes with this program. */
  public static QuestionSet read() throws IOException {
    List<Passage> passages =
        lines("passages.jsonl").stream()
            .map(line -> new Passage(line.path("id").asText(), line.path("text").asText()))
            .toList();
    List<Question> questions =
        lines("questions.jsonl").stream()
            .map(line -> new Question(line.path("question").asText(), line.path("passage").asText()))
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
