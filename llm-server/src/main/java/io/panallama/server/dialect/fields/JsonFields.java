package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.request.GenerationOptions;
import io.panallama.request.StopConditions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Ignored;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one JSON object, read by name and type.
 *
 * <p>A field that is JSON {@code null} counts as absent, as in OpenAI's API. A wrong type is an {@link ApiException} with
 * the field's path. A field that has not been read by the time of {@link #ignoreUnknown} is unknown.
 */
public final class JsonFields {
  /** The most characters of a wrong value that a message repeats. */
  private static final int LONGEST_SHOWN = 24;

  private final ObjectNode object;
  private final String path;
  private final Ignored ignored;
  private final Set<String> known = new HashSet<>();

  JsonFields(ObjectNode object, String path, Ignored ignored) {
    this.object = object;
    this.path = path;
    this.ignored = ignored;
  }

  /** Collects what the answer won't follow. */
  public Ignored ignored() {
    return ignored;
  }

  /** The path of a field from the body's root: {@code messages[0].role}. */
  public String path(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** A field of any type; null if absent. */
  public @Nullable JsonNode any(String name) {
    known.add(name);
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? null : value;
  }

  /** Whether the object has this field, even as JSON {@code null}. */
  public boolean has(String name) {
    known.add(name);
    return object.has(name);
  }

  /** A text; null if absent. */
  public @Nullable String string(String name) {
    JsonNode value = any(name);
    return value == null ? null : string(value, path(name));
  }

  /** One of a few words; null if absent. */
  public @Nullable String choice(String name, List<String> allowed) {
    String value = string(name);
    if (value != null && !allowed.contains(value)) {
      String words = allowed.stream().map(word -> "\"" + word + "\"").collect(Collectors.joining(", "));
      throw ApiException.invalid(
          path(name), path(name) + " is \"" + shorten(value) + "\"; it must be one of " + words + ".");
    }
    return value;
  }

  /** A truth value; false if absent. */
  public boolean bool(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return false;
    }
    if (!value.isBoolean()) {
      throw wrongType(path(name), value, "true or false");
    }
    return value.booleanValue();
  }

  /** A truth value, also as the text {@code "true"} or {@code "false"}, which some clients make of it; false if absent. */
  public boolean flag(String name) {
    JsonNode value = any(name);
    if (value != null && value.isTextual() && (value.textValue().equals("true") || value.textValue().equals("false"))) {
      return value.textValue().equals("true");
    }
    return bool(name);
  }

  /** A number; null if absent. */
  public @Nullable Float number(String name) {
    JsonNode value = any(name);
    return value == null ? null : number(value, path(name));
  }

  /** A number, the closest float where it is beyond their range; null if absent. */
  public @Nullable Float nearestNumber(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw wrongType(path(name), value, "a number");
    }
    return Math.clamp(value.floatValue(), -Float.MAX_VALUE, Float.MAX_VALUE);
  }

  /** A whole number within a range; null if absent. */
  public @Nullable Integer integer(String name, IntegerRange range) {
    JsonNode given = any(name);
    if (given == null) {
      return null;
    }
    requireWhole(given, path(name));
    if (!range.contains(given)) {
      throw range.refusal(given, path(name));
    }
    return given.intValue();
  }

  /** A field's number as the client wrote it, for a message; it may be beyond what was read. */
  public String shown(String name) {
    JsonNode value = any(name);
    return value == null ? "null" : shorten(value.asText());
  }

  /** A whole number, the closest of 32 bits where it has more; null if absent. */
  public @Nullable Integer nearestInteger(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    requireWhole(value, path(name));
    return value.canConvertToLong()
        ? Math.clamp(value.longValue(), Integer.MIN_VALUE, Integer.MAX_VALUE)
        : value.decimalValue().signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
  }

  /** A whole number, the closest of 64 bits where it has more; null if absent. */
  public @Nullable Long nearestLong(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    requireWhole(value, path(name));
    return value.canConvertToLong()
        ? value.longValue()
        : value.decimalValue().signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  /**
   * Requires a whole number of any size.
   *
   * @throws ApiException if the value is something else
   */
  static void requireWhole(JsonNode value, String path) {
    if (!value.isNumber() || !value.canConvertToExactIntegral()) {
      throw wrongType(path, value, "a whole number");
    }
  }

  /** The error for a number that is beyond one of its bounds. */
  static ApiException outOfRange(JsonNode value, String path, String low, String high) {
    String bound = value.decimalValue().signum() < 0 ? "at least " + low : "at most " + high;
    return ApiException.invalid(path, path + " is " + shorten(value.asText()) + "; it must be " + bound + ".");
  }

  /** An array of texts, without its nulls, which count as absent; null if the array itself is absent. */
  public @Nullable List<String> strings(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (!value.isArray()) {
      throw wrongType(path(name), value, "an array of strings");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < value.size(); i++) {
      if (!value.get(i).isNull()) {
        texts.add(string(value.get(i), path(name) + "[" + i + "]"));
      }
    }
    return texts;
  }

  /** One text or an array of texts, without nulls and empty ones; an empty list if absent. */
  public List<String> stops(String name) {
    JsonNode value = any(name);
    if (value != null && !value.isArray() && !value.isTextual()) {
      throw wrongType(path(name), value, "a string or an array of strings");
    }
    List<String> texts =
        value != null && value.isTextual()
            ? List.of(string(value, path(name)))
            : Objects.requireNonNullElse(strings(name), List.of());
    if (texts.size() > GenerationOptions.MAX_STOPS) {
      throw ApiException.invalid(
          path(name),
          path(name) + " has " + texts.size() + " texts; at most " + GenerationOptions.MAX_STOPS + " are allowed.");
    }
    for (int i = 0; value != null && value.isArray() && i < value.size(); i++) {
      int length = value.get(i).isTextual() ? value.get(i).textValue().length() : 0;
      if (length > StopConditions.MAX_TEXT_LENGTH) {
        String where = path(name) + "[" + i + "]";
        throw ApiException.invalid(
            where, where + " has " + length + " chars; at most " + StopConditions.MAX_TEXT_LENGTH + " are allowed.");
      }
    }
    return texts.stream().filter(text -> !text.isEmpty()).toList();
  }

  /** An object inside this one; null if absent. */
  public @Nullable JsonFields object(String name) {
    JsonNode value = any(name);
    if (value == null) {
      return null;
    }
    if (value instanceof ObjectNode inner) {
      return new JsonFields(inner, path(name), ignored);
    }
    throw wrongType(path(name), value, "an object");
  }

  /** An object inside this one; an empty one if absent. */
  public JsonFields objectOrEmpty(String name) {
    JsonFields inner = object(name);
    return inner == null ? new JsonFields(JsonNodeFactory.instance.objectNode(), path(name), ignored) : inner;
  }

  /**
   * Which of two names of one field the body has; the first if it has both or none. The second is named as ignored where it says
   * something else than the first.
   */
  public String alias(String name, String other) {
    JsonNode first = any(name);
    JsonNode second = any(other);
    if (first == null) {
      return second == null ? name : other;
    }
    if (second != null && !isSame(first, second)) {
      contradicts(other, path(name));
    }
    return name;
  }

  /** Names a field as ignored because another one says something else. */
  void contradicts(String name, String other) {
    ignored.unsupported(path(name), path(name) + " and " + other + " contradict each other; give one of them.");
  }

  private static boolean isSame(JsonNode one, JsonNode other) {
    return one.isNumber() && other.isNumber() ? one.doubleValue() == other.doubleValue() : one.equals(other);
  }

  /** Every field that is not JSON null, of any name. */
  public void forEach(BiConsumer<String, JsonNode> action) {
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      known.add(entry.getKey());
      if (!entry.getValue().isNull()) {
        action.accept(entry.getKey(), entry.getValue());
      }
    }
  }

  /** A text as a JSON value. */
  public static String quoted(String text) {
    return TextNode.valueOf(text).toString();
  }

  /** Fields that change nothing about an answer and are accepted from any client. */
  public void accept(String... names) {
    known.addAll(Set.of(names));
  }

  /** Accepts a field whose value asks for nothing: null, false, 0, -1, an empty text, array or object. */
  public void acceptNothing(String name) {
    if (asksForNothing(object.get(name))) {
      known.add(name);
    }
  }

  private static boolean asksForNothing(@Nullable JsonNode value) {
    return value == null
        || value.isNull()
        || value.isBoolean() && !value.booleanValue()
        || value.isTextual() && value.textValue().isEmpty()
        || value.isContainerNode() && value.isEmpty()
        || value.isNumber() && (value.doubleValue() == 0 || value.doubleValue() == -1);
  }

  /**
   * Call it when all fields have been read: those that are present and were not read, and are not JSON null, are ignored.
   *
   * @throws ApiException if there is one and the server is strict
   */
  public void ignoreUnknown() {
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      if (!known.contains(entry.getKey()) && !entry.getValue().isNull()) {
        ignored.unknown(path(entry.getKey()));
      }
    }
  }

  /**
   * Refuses a field unless its value asks for nothing: null, false, 0, -1, an empty text, array or object.
   *
   * @throws ApiException if it asks for something
   */
  public void refuse(String name) {
    if (!asksForNothing(any(name))) {
      throw ApiException.unsupported(path(name), "The field " + path(name));
    }
  }

  /**
   * An element, which has to be an object, of an array inside of this one.
   *
   * @param path the array's path from the body's root
   * @throws ApiException if it is something else
   */
  public JsonFields element(JsonNode array, int index, String path) {
    String where = path + "[" + index + "]";
    if (!(array.get(index) instanceof ObjectNode element)) {
      throw wrongType(where, array.get(index), "an object");
    }
    return new JsonFields(element, where, ignored);
  }

  /** The text of a value that has to be one, without halves of surrogate pairs; {@code path} is for the message. */
  public static String string(JsonNode value, String path) {
    if (!value.isTextual()) {
      throw wrongType(path, value, "a string");
    }
    String text = value.textValue();
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        boolean pair = i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1));
        if (!pair) {
          throw ApiException.invalid(path, path + " has half of a surrogate pair at index " + i + ".");
        }
        i++;
      }
    }
    return text;
  }

  /** The number of a value that has to be one; {@code path} is for the message. */
  public static float number(JsonNode value, String path) {
    if (!value.isNumber()) {
      throw wrongType(path, value, "a number");
    }
    float number = value.floatValue();
    if (Float.isInfinite(number)) {
      throw outOfRange(value, path, Float.toString(-Float.MAX_VALUE), Float.toString(Float.MAX_VALUE));
    }
    return number;
  }

  /** The error for a value of the wrong type. */
  public static ApiException wrongType(String path, JsonNode value, String wanted) {
    return ApiException.invalid(
        400, path, "invalid_type", path + " must be " + wanted + ", but it is " + kind(value) + ".");
  }

  /** The error for a value that is none of a few words, or of another type than they are. */
  public static ApiException noneOf(String path, JsonNode value, String wanted) {
    return value.isTextual()
        ? ApiException.invalid(
            400, path, "invalid_value", path + " is \"" + shorten(value.textValue()) + "\"; it must be " + wanted + ".")
        : wrongType(path, value, wanted);
  }

  /** The kind of a value, for a message; never the value itself, which may be large. */
  public static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "an object";
      case ARRAY -> "an array";
      case STRING -> "a string";
      case NUMBER -> "the number " + shorten(value.asText());
      case BOOLEAN -> value.asText();
      case NULL -> "null";
      case MISSING -> "empty";
      default -> "something else";
    };
  }

  /** Cuts between characters: half of a surrogate pair can't be encoded. */
  public static String shorten(String value) {
    return value.codePointCount(0, value.length()) <= LONGEST_SHOWN
        ? value
        : value.substring(0, value.offsetByCodePoints(0, LONGEST_SHOWN)) + "...";
  }
}
