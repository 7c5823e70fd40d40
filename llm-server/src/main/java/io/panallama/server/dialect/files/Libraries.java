package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.TextOnly;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.Map;

/** What the routes of files and vector stores have in common. */
final class Libraries {
  /** OpenAI's default and maximum of a list's length. */
  static final int PAGE = 20;

  static final int MAX_PAGE = 100;

  private static final long SECOND = 1_000_000;

  private Libraries() {}

  /**
   * The server's files.
   *
   * @throws ApiException 501 if it keeps none
   * @throws io.panallama.server.registry.ModelUnavailableException if it is still loading, or shuts down
   */
  static DocumentLibrary find(Registry registry) {
    registry.checkServing();
    return registry.documents().orElseThrow(TextOnly::files);
  }

  /** The seconds of a number of microseconds. */
  static long seconds(long microseconds) {
    return microseconds / SECOND;
  }

  /** Writes the attributes of a file. */
  static void attributes(JsonGenerator json, Map<String, Object> attributes) throws IOException {
    json.writeObjectFieldStart("attributes");
    for (Map.Entry<String, Object> entry : attributes.entrySet()) {
      json.writeFieldName(entry.getKey());
      switch (entry.getValue()) {
        case Boolean flag -> json.writeBoolean(flag);
        case Long number -> json.writeNumber(number);
        case Number number -> json.writeNumber(number.doubleValue());
        default -> json.writeString(entry.getValue().toString());
      }
    }
    json.writeEndObject();
  }

  /** Writes a text as a part of a content. */
  static void text(JsonGenerator json, String text) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "text");
    json.writeStringField("text", text);
    json.writeEndObject();
  }

  /** The answer to a DELETE. */
  static Answer deleted(String id, String object) {
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("id", id);
          json.writeStringField("object", object);
          json.writeBooleanField("deleted", true);
        }));
  }
}
