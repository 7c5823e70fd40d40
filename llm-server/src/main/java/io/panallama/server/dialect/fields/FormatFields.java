package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The format that the answer must have: OpenAI's {@code response_format}, llama-server's {@code json_schema}, and vLLM's fields.
 * Immutable.
 *
 * @param name the field that has it, as a path in the body
 * @param schemaName the path of its schema in the body, if it has one
 */
record FormatFields(ResponseFormat format, String name, String schemaName) {
  /**
   * Reads the format; text if the body names none.
   *
   * @throws ApiException if it is wrong, or if there are two
   */
  static FormatFields read(JsonFields body) {
    List<FormatFields> given = new ArrayList<>();
    JsonFields format = body.object("response_format");
    if (format != null) {
      ResponseFormat read = read(format, format.choice("type", List.of("text", "json_object", "json_schema")));
      format.ignoreUnknown();
      String inner = format.any("json_schema") == null ? "schema" : "json_schema.schema";
      given.add(new FormatFields(read, "response_format", format.path(inner)));
    }
    JsonNode bare = body.any("json_schema");
    if (bare != null) {
      given.add(new FormatFields(schema(bare, "json_schema", false, body), "json_schema", "json_schema"));
    }
    given.addAll(GuidedFields.read(body));
    if (given.size() > 1) {
      String second = given.get(1).name();
      throw ApiException.invalid(
          second, second + " and " + given.getFirst().name() + " exclude each other; give one of them.");
    }
    return given.isEmpty()
        ? new FormatFields(new ResponseFormat.Text(), "response_format", "response_format.schema")
        : given.getFirst();
  }

  /** What the body calls the core's values that make the format. */
  Map<String, String> names() {
    Map<String, String> names = new HashMap<>(Map.of("format", name, "format.schema", schemaName));
    if (format instanceof ResponseFormat.Gbnf) {
      // Where the core finds fault with it, it is a grammar like any other.
      names.put("sampling.grammar", name);
    }
    return names;
  }

  private static ResponseFormat read(JsonFields format, @Nullable String type) {
    return switch (type == null ? "" : type) {
      case "text" -> new ResponseFormat.Text();
      case "json_object" -> {
        JsonNode schema = format.any("schema");
        yield schema == null ? new ResponseFormat.JsonObject() : schema(schema, format.path("schema"), false, format);
      }
      case "json_schema" -> named(format);
      default -> {
        // As llama-server takes it.
        format.ignored().unsupported("response_format", "response_format has no type; it must have one.");
        yield new ResponseFormat.Text();
      }
    };
  }

  /** A schema in an object of its own, or, as llama-server has it, in the format itself. */
  private static ResponseFormat named(JsonFields format) {
    JsonFields inner = format.object("json_schema");
    if (inner == null && format.any("schema") == null) {
      throw ApiException.invalid(format.path("json_schema"), format.path("json_schema") + " is missing.");
    }
    JsonFields named = inner == null ? format : inner;
    named.accept("name", "description");
    JsonNode schema = named.any("schema");
    if (schema == null) {
      throw ApiException.invalid(named.path("schema"), named.path("schema") + " is missing.");
    }
    boolean strict = named.flag("strict");
    named.ignoreUnknown();
    return schema(schema, named.path("schema"), strict, named);
  }

  /** The format of a schema. */
  static ResponseFormat schema(JsonNode schema, String path, boolean strict, JsonFields fields) {
    return new ResponseFormat.JsonSchema(SchemaFields.schema(schema, path, strict, fields.ignored()), strict);
  }
}
