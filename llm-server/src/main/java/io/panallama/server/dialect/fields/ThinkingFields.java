package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * The fields by which clients turn the model's thinking on or off: OpenAI's {@code reasoning_effort}, OpenRouter's {@code
 * reasoning}, vLLM's {@code enable_thinking}, DeepSeek's and Anthropic's {@code thinking}, Ollama's {@code think}.
 *
 * @param on whether the model should think; null if the body doesn't say
 * @param effort how much, for templates that ask; null if the body doesn't say
 */
record ThinkingFields(@Nullable Boolean on, @Nullable String effort) {
  private static final String NO_EFFORT = "none";

  /** Reads the fields. Of two that contradict each other the first counts, and the other is named as ignored. */
  static ThinkingFields read(JsonFields body) {
    ThinkingFields all = ofEffort(body.string("reasoning_effort"));
    JsonFields reasoning = object(body, "reasoning");
    if (reasoning != null) {
      all = all.or(ofEffort(word(reasoning, "effort")), reasoning, "effort");
      all = all.or(new ThinkingFields(flag(reasoning, "enabled"), null), reasoning, "enabled");
      reasoning.ignoreUnknown();
    }
    JsonFields thinking = object(body, "thinking");
    if (thinking != null) {
      all = all.or(ofType(thinking, word(thinking, "type")), thinking, "type");
      thinking.ignoreUnknown();
    }
    all = all.or(new ThinkingFields(flag(body, "enable_thinking"), null), body, "enable_thinking");
    JsonNode think = body.any("think");
    ThinkingFields ollamas =
        think != null && think.isTextual()
            ? ofEffort(think.textValue())
            : new ThinkingFields(flag(body, "think"), null);
    return all.or(ollamas, body, "think");
  }

  private static ThinkingFields ofEffort(@Nullable String effort) {
    boolean none = NO_EFFORT.equals(effort);
    return new ThinkingFields(none ? Boolean.FALSE : null, none || effort == null || effort.isEmpty() ? null : effort);
  }

  private static ThinkingFields ofType(JsonFields thinking, @Nullable String type) {
    return switch (type == null ? "" : type) {
      case "enabled", "adaptive" -> new ThinkingFields(true, null);
      case "disabled" -> new ThinkingFields(false, null);
      default -> {
        if (type != null) {
          thinking.ignored().unknown(thinking.path("type"));
        }
        yield new ThinkingFields(null, null);
      }
    };
  }

  /** This with {@code other}, which the field of that name says, for what it doesn't say. */
  private ThinkingFields or(ThinkingFields other, JsonFields fields, String name) {
    boolean contradicts =
        on != null && other.on != null && !on.equals(other.on)
            || effort != null && other.effort != null && !effort.equals(other.effort);
    if (contradicts) {
      fields.contradicts(name, "another field about thinking");
    }
    return new ThinkingFields(on == null ? other.on : on, effort == null ? other.effort : effort);
  }

  /** An object; null if absent. Another type is ignored: no API of the field has it. */
  private static @Nullable JsonFields object(JsonFields fields, String name) {
    JsonNode value = fields.any(name);
    if (value == null || value.isObject()) {
      return fields.object(name);
    }
    fields.ignored().unknown(fields.path(name));
    return null;
  }

  private static @Nullable Boolean flag(JsonFields fields, String name) {
    JsonNode value = fields.any(name);
    if (value == null || value.isBoolean()) {
      return value == null ? null : Boolean.valueOf(value.booleanValue());
    }
    fields.ignored().unknown(fields.path(name));
    return null;
  }

  private static @Nullable String word(JsonFields fields, String name) {
    JsonNode value = fields.any(name);
    if (value == null || value.isTextual()) {
      return value == null ? null : value.textValue();
    }
    fields.ignored().unknown(fields.path(name));
    return null;
  }
}
