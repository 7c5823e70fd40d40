package io.panallama.internal.types;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

/** JSON texts as trees. Thread-safe. */
public final class Json {
  /** Numbers keep their written form: a BigDecimal component gets every digit, and a double is rounded once. */
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static final JsonNodeFactory NODES = MAPPER.getNodeFactory();

  private Json() {}

  /**
   * @throws JsonProcessingException if the text is not exactly one JSON value, or has a number whose exponent no decimal can hold
   */
  public static JsonNode parse(String text) throws JsonProcessingException {
    try {
      return MAPPER.readTree(text);
    } catch (NumberFormatException beyond) {
      throw new JsonParseException(null, "a number's exponent has too many digits", beyond);
    }
  }

  /** The beginning of a value, for messages. */
  static String excerpt(JsonNode json) {
    String text = json.toString();
    return text.length() > 60 ? text.substring(0, 60) + "..." : text;
  }
}
