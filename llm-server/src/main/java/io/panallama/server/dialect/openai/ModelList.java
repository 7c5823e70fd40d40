package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.util.List;

/** The served models in OpenAI's shape, with what llama-server and this server add under {@code meta}. */
final class ModelList {
  private ModelList() {}

  static byte[] of(List<ServedModel> models) {
    return Json.object(json -> {
      json.writeStringField("object", "list");
      json.writeArrayFieldStart("data");
      for (ServedModel model : models) {
        json.writeStartObject();
        write(json, model);
        json.writeEndObject();
      }
      json.writeEndArray();
      // llama-server's other list, in Ollama's form.
      json.writeArrayFieldStart("models");
      for (ServedModel model : models) {
        json.writeStartObject();
        json.writeStringField("name", model.id());
        json.writeStringField("model", model.id());
        json.writeStringField("type", "model");
        json.writeStringField("description", model.description());
        json.writeArrayFieldStart("capabilities");
        json.writeString(capability(model.kind()));
        json.writeEndArray();
        json.writeObjectFieldStart("details");
        json.writeStringField("format", "gguf");
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  private static String capability(ServedModel.Kind kind) {
    return switch (kind) {
      case GENERATES -> "completion";
      case EMBEDS -> "embedding";
      case RANKS -> "rerank";
      case CLASSIFIES -> "classify";
    };
  }

  static byte[] one(ServedModel model) {
    return Json.object(json -> write(json, model));
  }

  private static void write(JsonGenerator json, ServedModel model) throws IOException {
    json.writeStringField("id", model.id());
    json.writeStringField("object", "model");
    json.writeNumberField("created", model.created().getEpochSecond());
    json.writeStringField("owned_by", model.ownedBy());
    json.writeArrayFieldStart("aliases");
    for (String alias : model.aliases()) {
      json.writeString(alias);
    }
    json.writeEndArray();
    // vLLM's, OpenRouter's and Groq's names.
    json.writeNumberField("max_model_len", model.contextSize());
    json.writeNumberField("context_length", model.contextSize());
    json.writeNumberField("context_window", model.contextSize());
    json.writeObjectFieldStart("meta");
    json.writeNumberField("n_ctx", model.contextSize());
    if (model.trainedContextSize() > 0) {
      json.writeNumberField("n_ctx_train", model.trainedContextSize());
    }
    json.writeNumberField("n_params", model.parameters());
    json.writeStringField("description", model.description());
    json.writeBooleanField("demo", model.demo());
    json.writeEndObject();
  }
}
