package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request body as a JSON object, read strictly: UTF-8, one value, no duplicate keys, bounded depth and numbers. */
public final class JsonBody {
  /**
   * The most objects and arrays inside of one another: more than any real schema or conversation has, and few enough for everything
   * that walks such a tree recursively, in Java and in llama.cpp.
   */
  private static final int MAX_DEPTH = 512;

  private static final String INVALID = "invalid_json";

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private static final ObjectReader READER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // A schema keeps its numbers to the last digit.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build()
          .readerFor(JsonNode.class);

  private JsonBody() {}

  /**
   * Parses the body of a request. A byte order mark in front of it is skipped.
   *
   * @throws ApiException with 400 if the bytes are not one JSON object
   */
  public static JsonFields read(ClientRequest request) {
    byte[] body = request.body();
    String text;
    try {
      // Jackson would let overlong forms and encoded surrogates pass, and guess UTF-16 from zero bytes.
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException malformed) {
      throw ApiException.invalid(400, null, "invalid_utf8", "The body is not valid UTF-8.");
    }
    JsonNode node = parse(text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text);
    if (node instanceof ObjectNode object) {
      String beyond = beyondDouble(object);
      if (beyond != null) {
        throw beyond(beyond);
      }
      return new JsonFields(object, "", request.ignored());
    }
    throw ApiException.invalid(
        400, null, INVALID, "The body must be a JSON object, but it is " + JsonFields.kind(node) + ".");
  }

  /** The JSON value that a text is, by the same rules; null if it is none. */
  static @Nullable JsonNode value(String text) {
    try {
      return parse(text);
    } catch (ApiException none) {
      return null;
    }
  }

  private static JsonNode parse(String text) {
    try (JsonParser parser = READER.createParser(text)) {
      try {
        return READER.readValue(parser);
      } catch (NumberFormatException exponent) {
        throw beyond(path(parser.getParsingContext()));
      } catch (StreamConstraintsException tooMuch) {
        throw tooMuch(tooMuch, parser.getParsingContext());
      } catch (JsonProcessingException malformed) {
        throw malformed(malformed, parser.getParsingContext());
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private static ApiException malformed(JsonProcessingException malformed, JsonStreamContext place) {
    String twice = malformed.getOriginalMessage().startsWith("Duplicate field") ? name(path(place)) : null;
    return twice == null
        ? ApiException.invalid(400, null, INVALID, "The body is not valid JSON: " + JsonFault.of(malformed, place))
        : ApiException.invalid(400, twice, INVALID, twice + " stands twice in its object; give it once.");
  }

  /**
   * A path as a field's name; null for the body itself.
   *
   * @param path with the dot before its first name; empty for the body itself
   */
  private static @Nullable String name(String path) {
    return path.isEmpty() ? null : path.substring(path.startsWith(".") ? 1 : 0);
  }

  private static ApiException beyond(String path) {
    String name = name(path);
    return ApiException.invalid(
        400,
        name,
        "invalid_number",
        (name == null ? "The body" : name) + " is a number beyond the range of a double, about 1.8e308.");
  }

  /** Where a parser is: the names and indexes that lead there. */
  private static String path(JsonStreamContext place) {
    if (place.inRoot()) {
      return "";
    }
    return path(place.getParent())
        + (place.inArray() ? "[" + place.getCurrentIndex() + "]" : "." + place.getCurrentName());
  }

  /** The error for what is larger than the parser takes; it names the field unless that is a name itself. */
  private static ApiException tooMuch(StreamConstraintsException tooMuch, JsonStreamContext place) {
    if (tooMuch.getOriginalMessage().startsWith("Document nesting depth")) {
      return ApiException.invalid(
          400,
          null,
          INVALID,
          "The body can't be read: it has more than " + MAX_DEPTH + " objects and arrays inside of one another.");
    }
    String what = JsonFault.tooLong(tooMuch);
    boolean ofValue = what != null && !what.startsWith(JsonFault.NAME);
    String name = ofValue ? name(path(place)) : null;
    String words = what == null ? " has a part that is too large." : (ofValue ? " is " : " has ") + what + ".";
    return ApiException.invalid(400, name, INVALID, (name == null ? "The body" : name) + words);
  }

  /** Where below a value a number is that no double can hold, and so no template can: its path; null if there is none. */
  private static @Nullable String beyondDouble(JsonNode value) {
    if (value.isNumber()) {
      return Double.isFinite(value.doubleValue()) ? null : "";
    }
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String below = beyondDouble(field.getValue());
        if (below != null) {
          return "." + field.getKey() + below;
        }
      }
    }
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        String below = beyondDouble(value.get(i));
        if (below != null) {
          return "[" + i + "]" + below;
        }
      }
    }
    return null;
  }
}
