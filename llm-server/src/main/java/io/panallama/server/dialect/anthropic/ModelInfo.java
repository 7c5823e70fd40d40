package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The served models in Anthropic's shape. */
final class ModelInfo {
  private ModelInfo() {}

  /** All models as one page. */
  static byte[] list(List<ServedModel> models) {
    return Json.object(json -> {
      json.writeArrayFieldStart("data");
      for (ServedModel model : models) {
        json.writeStartObject();
        write(json, model);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeBooleanField("has_more", false);
      json.writeStringField("first_id", models.getFirst().id());
      json.writeStringField("last_id", models.getLast().id());
    });
  }

  static byte[] one(ServedModel model) {
    return Json.object(json -> write(json, model));
  }

  private static void write(JsonGenerator json, ServedModel model) throws IOException {
    json.writeStringField("type", "model");
    json.writeStringField("id", model.id());
    json.writeStringField("display_name", model.id());
    json.writeStringField("created_at", model.created().truncatedTo(ChronoUnit.SECONDS).toString());
    json.writeNumberField("max_input_tokens", model.contextSize());
    json.writeNumberField("max_tokens", model.contextSize());
  }
}
