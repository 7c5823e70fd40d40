package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.request.ResponseFormat;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.SchemaFields;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The field {@code text}.
 *
 * @param format null if none is given
 * @param sent the field for the response: the client's, with its defaults
 */
record TextFormat(@Nullable ResponseFormat format, ObjectNode sent) {
  /**
   * Reads the field.
   *
   * @throws ApiException if it is wrong
   */
  static TextFormat read(JsonFields body) {
    JsonNode given = body.any("text");
    JsonFields text = body.object("text");
    ObjectNode sent = given instanceof ObjectNode object ? object.deepCopy() : Items.object();
    if (!sent.hasNonNull("format")) {
      sent.set("format", Items.object().put("type", "text"));
    }
    if (text == null) {
      return new TextFormat(null, sent);
    }
    String verbosity = text.choice("verbosity", List.of("low", "medium", "high"));
    if (verbosity != null && !verbosity.equals("medium")) {
      body.ignored().unsupported("text.verbosity", "text.verbosity other than \"medium\" changes nothing here.");
    }
    JsonFields format = text.object("format");
    text.ignoreUnknown();
    return new TextFormat(format == null ? null : format(format), sent);
  }

  private static ResponseFormat format(JsonFields format) {
    String type = format.choice("type", List.of("text", "json_object", "json_schema"));
    ResponseFormat read =
        switch (type == null ? "" : type) {
          case "text" -> new ResponseFormat.Text();
          case "json_object" -> new ResponseFormat.JsonObject();
          case "json_schema" -> schema(format);
          default -> {
            format.ignored().unsupported("text.format", "text.format has no type; it must have one.");
            yield new ResponseFormat.Text();
          }
        };
    format.ignoreUnknown();
    return read;
  }

  /** The schema stands in the format itself or, as in chats, in an object inside of it. */
  private static ResponseFormat schema(JsonFields format) {
    JsonFields inner = format.object("json_schema");
    JsonFields named = inner == null ? format : inner;
    named.accept("name", "description");
    JsonNode schema = named.any("schema");
    if (schema == null) {
      throw missing(named, "schema");
    }
    boolean strict = named.flag("strict");
    named.ignoreUnknown();
    String text = SchemaFields.schema(schema, named.path("schema"), strict, named.ignored());
    return new ResponseFormat.JsonSchema(text, strict);
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
  }
}
