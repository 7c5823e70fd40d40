package io.panallama.server.dialect.ollama;

import io.panallama.server.dialect.fields.CoreNames;

/** Ollama's names of the values that the core's errors name by their Java paths. */
final class OllamaNames {
  private static final String OPTIONS = "options.";

  private OllamaNames() {}

  static String wireName(String javaPath) {
    return switch (javaPath) {
      case "maxTokens" -> OPTIONS + "num_predict";
      case "format" -> "format";
      case "template.budget.tokens", "template.arguments" -> "think";
      default -> {
        String wire = CoreNames.wireName(javaPath);
        yield javaPath.startsWith("sampling.") || javaPath.startsWith("stop.") ? OPTIONS + wire : wire;
      }
    };
  }
}
