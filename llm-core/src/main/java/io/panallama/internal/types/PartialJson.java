package io.panallama.internal.types;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the beginning of a JSON text: closes open brackets and strings, and leaves out incomplete values.
 *
 * <p>A number, {@code true}, {@code false} or {@code null} is complete once something follows it; a property once it has its value. A string without its end is represented by a special node, see {@link #beginning}.
 */
public final class PartialJson {
  /** The part of a string that has arrived. */
  private record Beginning(String text) {}

  private final String text;
  private final StringBuilder closers = new StringBuilder();

  /** Up to this position the text is JSON once the closers follow. */
  private int good;

  private boolean expectsKey;
  private boolean cutString;

  private PartialJson(String text) {
    this.text = text;
  }

  /** The tree of a beginning; null if it has no value yet, or is not the beginning of JSON. */
  public static @Nullable JsonNode read(String text) {
    return new PartialJson(text).read();
  }

  /** The part of an unfinished string that has arrived; null for any other node. */
  static @Nullable String beginning(JsonNode node) {
    return node instanceof POJONode pojo && pojo.getPojo() instanceof Beginning cut ? cut.text() : null;
  }

  private @Nullable JsonNode read() {
    int pos = 0;
    while (pos < text.length()) {
      pos = next(pos);
    }
    if (good == 0) {
      return null;
    }
    String closed = text.substring(0, good) + (cutString ? "\"" : "") + closers.reverse();
    try {
      JsonNode root = Json.parse(closed);
      return cutString ? marked(root) : root;
    } catch (JsonProcessingException noJson) {
      return null;
    }
  }

  /** Reads the value that begins here; returns the position after it. */
  private int next(int pos) {
    char c = text.charAt(pos);
    switch (c) {
      case '{' -> open('}', pos);
      case '[' -> open(']', pos);
      case '}', ']' -> {
        closers.setLength(Math.max(0, closers.length() - 1));
        good = pos + 1;
      }
      case ',' -> expectsKey = closers.lastIndexOf("}") == closers.length() - 1 && !closers.isEmpty();
      case ':' -> expectsKey = false;
      case '"' -> {
        return string(pos);
      }
      default -> {
        return c <= ' ' ? pos + 1 : scalar(pos);
      }
    }
    return pos + 1;
  }

  private void open(char closer, int pos) {
    closers.append(closer);
    expectsKey = closer == '}';
    good = pos + 1;
  }

  private int scalar(int begin) {
    int pos = begin;
    while (pos < text.length() && text.charAt(pos) > ' ' && ",]}".indexOf(text.charAt(pos)) < 0) {
      pos++;
    }
    if (pos < text.length()) {
      good = pos;
    }
    return pos;
  }

  private int string(int begin) {
    int pos = begin + 1;
    while (pos < text.length() && text.charAt(pos) != '"') {
      int length = text.charAt(pos) != '\\' ? 1 : text.startsWith("u", pos + 1) ? 6 : 2;
      if (pos + length > text.length()) {
        break;
      }
      pos += length;
    }
    boolean ended = pos < text.length() && text.charAt(pos) == '"';
    if (!expectsKey) {
      cutString = !ended;
      good = ended ? pos + 1 : pos;
    }
    return ended ? pos + 1 : text.length();
  }

  /** Returns the tree with its last string marked as unfinished. */
  private static JsonNode marked(JsonNode node) {
    if (node instanceof ObjectNode object && !object.isEmpty()) {
      Map.Entry<String, JsonNode> last = null;
      for (Map.Entry<String, JsonNode> entry : object.properties()) {
        last = entry;
      }
      if (last != null) {
        object.set(last.getKey(), marked(last.getValue()));
      }
      return object;
    } else if (node instanceof ArrayNode array && !array.isEmpty()) {
      array.set(array.size() - 1, marked(array.get(array.size() - 1)));
      return array;
    }
    return node.isTextual() ? Json.NODES.pojoNode(new Beginning(whole(node.textValue()))) : node;
  }

  /** Half of a surrogate pair is not text yet. */
  private static String whole(String text) {
    boolean half = !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1));
    return half ? text.substring(0, text.length() - 1) : text;
  }
}
