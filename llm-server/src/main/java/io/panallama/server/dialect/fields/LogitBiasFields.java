package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.dialect.ApiException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The field {@code logit_bias}: OpenAI's object of ids and numbers, or llama-server's array of pairs. As in llama-server, a text in
 * the place of an id stands for each of its tokens, and {@code false} forbids a token. Immutable.
 *
 * @param ids biases of tokens
 * @param texts biases of the tokens of texts
 */
record LogitBiasFields(Map<Integer, Float> ids, Map<String, Float> texts) {
  static final LogitBiasFields NONE = new LogitBiasFields(Map.of(), Map.of());

  private static final String FIELD = "logit_bias";

  private static final Pattern ID = Pattern.compile("-?\\d+");

  /** Nine digits always fit into an int; no vocabulary is larger. */
  private static final int MOST_DIGITS = 9;

  LogitBiasFields {
    ids = Map.copyOf(ids);
    texts = Map.copyOf(texts);
  }

  static LogitBiasFields read(JsonFields body) {
    JsonNode value = body.any(FIELD);
    if (value == null) {
      return NONE;
    }
    String path = body.path(FIELD);
    Map<Integer, Float> ids = new HashMap<>();
    Map<String, Float> texts = new LinkedHashMap<>();
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        float bias = bias(entry.getValue(), path + "." + entry.getKey());
        if (ID.matcher(entry.getKey()).matches()) {
          ids.put(id(entry.getKey(), path), bias);
        } else {
          texts.put(entry.getKey(), bias);
        }
      }
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        pair(value.get(i), path + "[" + i + "]", ids, texts);
      }
    } else {
      throw JsonFields.wrongType(path, value, "an object of token ids and numbers");
    }
    return new LogitBiasFields(ids, texts);
  }

  private static int id(String digits, String path) {
    if (digits.length() > MOST_DIGITS) {
      throw ApiException.invalid(
          path + "." + digits,
          path + " names token " + digits + ", which no vocabulary has; ids are 0 to the size of the model's less 1.");
    }
    return Integer.parseInt(digits);
  }

  private static void pair(JsonNode pair, String path, Map<Integer, Float> ids, Map<String, Float> texts) {
    if (!pair.isArray() || pair.size() != 2) {
      throw JsonFields.wrongType(path, pair, "a pair of a token id or a text and a number");
    }
    float bias = bias(pair.get(1), path + "[1]");
    if (pair.get(0).isTextual()) {
      texts.put(JsonFields.string(pair.get(0), path + "[0]"), bias);
    } else {
      ids.put(TokenIds.read(pair.get(0), path + "[0]"), bias);
    }
  }

  private static float bias(JsonNode value, String path) {
    return value.isBoolean() && !value.booleanValue() ? Float.NEGATIVE_INFINITY : JsonFields.number(value, path);
  }

  boolean isEmpty() {
    return ids.isEmpty() && texts.isEmpty();
  }

  /**
   * The biases of all tokens.
   *
   * @param tokens the tokens of a text
   */
  Map<Integer, Float> resolve(Function<String, int[]> tokens) {
    Map<Integer, Float> all = new HashMap<>(ids);
    texts.forEach((text, bias) -> {
      for (int token : tokens.apply(text)) {
        all.put(token, bias);
      }
    });
    return all;
  }
}
