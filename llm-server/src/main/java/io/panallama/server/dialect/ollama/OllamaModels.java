package io.panallama.server.dialect.ollama;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** What Ollama's clients learn about the served models. */
final class OllamaModels {
  /** The models stay loaded. */
  private static final String NEVER = "9999-12-31T23:59:59Z";

  private OllamaModels() {}

  static byte[] tags(List<ServedModel> models) {
    return list(models, (json, model) -> {});
  }

  static byte[] running(List<ServedModel> models) {
    return list(
        models,
        (json, model) -> {
          json.writeStringField("expires_at", NEVER);
          json.writeNumberField("context_length", model.contextSize());
        });
  }

  private interface Details {
    void writeTo(JsonGenerator json, ServedModel model) throws IOException;
  }

  private static byte[] list(List<ServedModel> models, Details further) {
    return Json.object(json -> {
      json.writeArrayFieldStart("models");
      for (ServedModel model : models) {
        json.writeStartObject();
        json.writeStringField("name", tagged(model.id()));
        json.writeStringField("model", tagged(model.id()));
        json.writeStringField("modified_at", modified(model));
        json.writeNumberField("size", model.sizeBytes());
        json.writeStringField("digest", digest(model));
        details(json, model);
        further.writeTo(json, model);
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  /**
   * The answer of {@code /api/show}.
   *
   * @param capabilities what the model can do, in Ollama's words
   */
  static byte[] show(ServedModel model, List<String> capabilities) {
    String family = family(model);
    return Json.object(json -> {
      json.writeStringField("modelfile", "FROM " + tagged(model.id()));
      json.writeStringField("parameters", "");
      json.writeStringField("template", "");
      details(json, model);
      json.writeObjectFieldStart("model_info");
      json.writeStringField("general.architecture", family);
      json.writeStringField("general.basename", model.id());
      json.writeNumberField("general.parameter_count", model.parameters());
      json.writeNumberField(family + ".context_length", model.contextSize());
      json.writeEndObject();
      json.writeArrayFieldStart("capabilities");
      for (String capability : capabilities) {
        json.writeString(capability);
      }
      json.writeEndArray();
      json.writeStringField("modified_at", modified(model));
    });
  }

  /** Ollama's names have tags. */
  private static String tagged(String id) {
    return id.contains(":") ? id : id + ":latest";
  }

  private static String modified(ServedModel model) {
    return model.created().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static void details(JsonGenerator json, ServedModel model) throws IOException {
    String family = family(model);
    json.writeObjectFieldStart("details");
    json.writeStringField("parent_model", "");
    json.writeStringField("format", "gguf");
    json.writeStringField("family", family);
    json.writeArrayFieldStart("families");
    json.writeString(family);
    json.writeEndArray();
    json.writeStringField("parameter_size", size(model.parameters()));
    json.writeStringField("quantization_level", quantization(model.description()));
    json.writeEndObject();
  }

  /** The architecture, which llama.cpp's description begins with. */
  private static String family(ServedModel model) {
    String[] words = model.description().split(" ", -1);
    return words.length < 3 ? "llama" : words[0];
  }

  /** Such as Q4_K_M, for "qwen2 7B Q4_K - Medium". */
  private static String quantization(String description) {
    String[] words = description.split(" ", 3);
    String type = words.length < 3 ? "" : words[2].replaceFirst("^(all|mostly|\\(guessed\\)) ", "");
    return type.isEmpty() ? "unknown" : type.replaceFirst(" - ([SML])(mall|edium|arge)$", "_$1");
  }

  /** Such as 7.6B; empty text if it is unknown. */
  private static String size(long parameters) {
    if (parameters == 0) {
      return "";
    }
    if (parameters >= 1_000_000_000) {
      return String.format(Locale.ROOT, "%.1fB", parameters / 1e9);
    }
    return parameters >= 1_000_000
        ? String.format(Locale.ROOT, "%.2fM", parameters / 1e6)
        : String.format(Locale.ROOT, "%.2fK", parameters / 1e3);
  }

  /** Tells models apart, as Ollama's digest of the file does; it is not one of the file, which may be large. */
  private static String digest(ServedModel model) {
    String what = model.id() + '\n' + model.description() + '\n' + model.parameters() + '\n' + model.sizeBytes();
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(what.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
