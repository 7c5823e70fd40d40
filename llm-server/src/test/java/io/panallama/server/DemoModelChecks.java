package io.panallama.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Whether an answer is right: the checks of {@code demo-model/training/cria/evaluation/question.py}. */
final class DemoModelChecks {
  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final Pattern NUMBER = Pattern.compile("-?\\d+");

  private DemoModelChecks() {}

  /**
   * @param check its {@code kind} and {@code values}
   * @param message the assistant's message, as the API returns it
   */
  static boolean right(JsonNode check, JsonNode message) {
    String text = message.path("content").asText("").strip();
    JsonNode values = check.path("values");
    String kind = check.path("kind").asText();
    return switch (kind) {
      case "exactly" -> texts(values).anyMatch(value -> plain(value).equals(plain(text)));
      case "copy" -> texts(values).anyMatch(text::equals);
      case "contains" -> texts(values).allMatch(value -> holds(text, value));
      case "contains any" -> texts(values).anyMatch(value -> holds(text, value));
      case "last number" -> !numbers(text).isEmpty() && numbers(text).getLast().equals(values.path(0).asText());
      case "results" -> isResults(numbers(text), texts(values).toList());
      case "count of" -> isCountOf(text, values.path(0).asInt(), texts(values).skip(1));
      case "lines with" -> isLinesWith(text, values.path(0).asInt(), texts(values).skip(1));
      case "json" -> elements(values).anyMatch(parsed(text)::equals);
      case "json like" -> isLike(parsed(text), values.path(0));
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

  /** Whether the text has the value as words of its own: "Tunis" is not in "Tunisia". */
  private static boolean holds(String text, String value) {
    String whole = "(?<!\\w)" + Pattern.quote(lower(value)) + "(?!\\w)";
    return Pattern.compile(whole, Pattern.UNICODE_CHARACTER_CLASS).matcher(lower(text)).find();
  }

  /** The right number of lines, and one of the words in them. */
  private static boolean isLinesWith(String text, int count, Stream<String> words) {
    return text.split("\n", -1).length == count && words.anyMatch(word -> holds(text, word));
  }

  /** A list with the right number of allowed items, none twice. */
  private static boolean isCountOf(String text, int count, Stream<String> allowed) {
    List<String> items =
        Stream.of(plain(text).split(",|\\band\\b|\\n", -1))
            .map(item -> item.strip().replaceFirst("^(?:-|\\d+\\.)\\s*", ""))
            .toList();
    return items.size() == count
        && new HashSet<>(items).size() == count
        && allowed.map(DemoModelChecks::lower).toList().containsAll(items);
  }

  /** An object with the same keys, or an array of the same length. */
  private static boolean isLike(JsonNode found, JsonNode wanted) {
    return found.getNodeType() == wanted.getNodeType()
        && found.size() == wanted.size()
        && names(found).equals(names(wanted));
  }

  private static Set<String> names(JsonNode node) {
    Set<String> names = new HashSet<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static JsonNode parsed(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException noJson) {
      return MissingNode.getInstance();
    }
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
    return found.size() == expected.size()
        && elements(expected).allMatch(found::contains)
        && found.stream().allMatch(call -> elements(expected).anyMatch(call::equals));
  }
}
