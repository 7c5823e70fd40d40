package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import io.panallama.typed.TextGrammar;
import java.util.ArrayList;
import java.util.List;

/** Reads vLLM's fields for the format of an answer: the older {@code guided_json} etc., the newer {@code structured_outputs}. */
final class GuidedFields {
  private static final String OLDER = "guided_";
  private static final String NEWER = "structured_outputs";

  private GuidedFields() {}

  /**
   * Reads the fields.
   *
   * @return one format for each field that the body has
   * @throws ApiException if one is wrong
   * @throws InvalidRequestException if no grammar can enforce one
   */
  static List<FormatFields> read(JsonFields body) {
    List<FormatFields> given = new ArrayList<>(read(body, OLDER));
    JsonFields newer = body.object(NEWER);
    if (newer != null) {
      given.addAll(read(newer, ""));
      newer.ignoreUnknown();
    }
    return given;
  }

  private static List<FormatFields> read(JsonFields fields, String prefix) {
    List<FormatFields> given = new ArrayList<>();
    String json = fields.path(prefix + "json");
    JsonNode schema = fields.any(prefix + "json");
    if (schema != null) {
      given.add(new FormatFields(FormatFields.schema(schema(schema, json), json, false, fields), json, json));
    }
    if (fields.bool(prefix + "json_object")) {
      given.add(of(new ResponseFormat.JsonObject(), fields.path(prefix + "json_object")));
    }
    List<String> texts = fields.strings(prefix + "choice");
    if (texts != null) {
      String path = fields.path(prefix + "choice");
      given.add(of(TextGrammar.oneOf(path, texts), path));
    }
    String pattern = fields.string(prefix + "regex");
    if (pattern != null && !pattern.isEmpty()) {
      String path = fields.path(prefix + "regex");
      given.add(of(TextGrammar.matching(path, pattern), path));
    }
    String grammar = fields.string(prefix + "grammar");
    if (grammar != null && !grammar.isEmpty()) {
      given.add(of(new ResponseFormat.Gbnf(grammar), fields.path(prefix + "grammar")));
    }
    return given;
  }

  private static FormatFields of(ResponseFormat format, String path) {
    return new FormatFields(format, path, path);
  }

  /** A schema, also written as a text, as vLLM takes it. */
  private static JsonNode schema(JsonNode value, String path) {
    if (!value.isTextual()) {
      return value;
    }
    JsonNode schema = JsonBody.value(JsonFields.string(value, path));
    if (schema == null || !schema.isObject()) {
      throw ApiException.invalid(
          400, path, "invalid_type", path + " must be a JSON schema, or a text with one in JSON.");
    }
    return schema;
  }
}
