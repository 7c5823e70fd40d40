package io.panallama.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Whether an answer is right: the checks of {@code demo-model/training/cria/evaluation/question.py}. */
final class DemoModelChecks {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NUMBER = Pattern.compile("-?\\d+");

  private DemoModelChecks() {}

  /**
   * @param check its {@code kind} and {@code values}
   * @param message of the assistant, as the API gives it
   */
  static boolean right(JsonNode check, JsonNode message) {
    String text = message.path("content").asText("").strip();
    JsonNode values = check.path("values");
    String kind = check.path("kind").asText();
    return switch (kind) {
      case "exactly" -> texts(values).anyMatch(value -> plain(value).equals(plain(text)));
      case "contains" -> texts(values).allMatch(value -> lower(text).contains(lower(value)));
      case "contains any" -> texts(values).anyMatch(value -> lower(text).contains(lower(value)));
      case "last number" -> !numbers(text).isEmpty() && numbers(text).getLast().equals(values.path(0).asText());
      case "results" -> isResults(numbers(text), texts(values).toList());
      case "has numbers" -> numbers(text).containsAll(texts(values).toList()) && calls(message).isEmpty();
      case "count of" -> occurring(text, texts(values).skip(1)) == values.path(0).asInt();
      case "json" -> isJson(parsed(text), values);
      case "calls" -> isCalls(calls(message), values);
      default -> throw new IllegalArgumentException("No check is called " + kind + ".");
    };
  }

  private static Stream<JsonNode> elements(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static Stream<String> texts(JsonNode array) {
    return elements(array).map(JsonNode::asText);
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static String plain(String text) {
    return lower(text.strip()).replaceFirst("[.!]+$", "");
  }

  private static List<String> numbers(String text) {
    return NUMBER.matcher(text).results().map(MatchResult::group).toList();
  }

  /** The results alone, or the third number of each equation. */
  private static boolean isResults(List<String> found, List<String> results) {
    List<String> thirds = IntStream.range(0, found.size() / 3).mapToObj(i -> found.get(3 * i + 2)).toList();
    return found.equals(results) || thirds.equals(results);
  }

  private static long occurring(String text, Stream<String> items) {
    return items
        .filter(item -> Pattern.compile("\\b" + Pattern.quote(lower(item)) + "\\b").matcher(lower(text)).find())
        .count();
  }

  private static JsonNode parsed(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException noJson) {
      return MissingNode.getInstance();
    }
  }

  private static boolean isJson(JsonNode found, JsonNode values) {
    return !found.isMissingNode() && (values.isEmpty() || elements(values).anyMatch(found::equals));
  }

  /** The calls as arrays of name and arguments. */
  private static List<JsonNode> calls(JsonNode message) {
    List<JsonNode> calls = new ArrayList<>();
    for (JsonNode call : message.path("tool_calls")) {
      JsonNode arguments = parsed(call.at("/function/arguments").asText());
      calls.add(JSON.createArrayNode().add(call.at("/function/name").asText()).add(arguments));
    }
    return calls;
  }

  private static boolean isCalls(List<JsonNode> found, JsonNode expected) {
    return found.size() == expected.size() && elements(expected).allMatch(found::contains);
  }
}
