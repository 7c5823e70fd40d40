package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the format that the answer must have: OpenAI's {@code response_format}, and llama-server's {@code json_schema}. */
public final class FormatFields {
  private FormatFields() {}

  /**
   * Reads the format; text if the body names none.
   *
   * @throws ApiException if it is wrong
   */
  public static ResponseFormat read(JsonFields body) {
    JsonNode bare = body.any("json_schema");
    JsonFields format = body.object("response_format");
    if (format == null) {
      return bare == null ? new ResponseFormat.Text() : schema(bare, "json_schema", false, body);
    }
    if (bare != null) {
      throw ApiException.invalid("json_schema", "json_schema and response_format exclude each other.");
    }
    ResponseFormat read = read(format, format.choice("type", List.of("text", "json_object", "json_schema")));
    format.ignoreUnknown();
    return read;
  }

  /** The field in which the body has the format. */
  static String name(JsonFields body) {
    return body.any("json_schema") == null ? "response_format" : "json_schema";
  }

  /** The path of the schema in the body. */
  static String schemaName(JsonFields body) {
    if (body.any("json_schema") != null) {
      return "json_schema";
    }
    JsonNode format = body.any("response_format");
    return format != null && format.hasNonNull("json_schema")
        ? "response_format.json_schema.schema"
        : "response_format.schema";
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

  private static ResponseFormat schema(JsonNode schema, String path, boolean strict, JsonFields fields) {
    return new ResponseFormat.JsonSchema(SchemaFields.schema(schema, path, strict, fields.ignored()), strict);
  }
}
