package io.panallama.server.dialect.responses;

import io.panallama.server.dialect.fields.CoreNames;
import java.util.Map;

/** The names that this API has for the core's values, where they differ from those of OpenAI's other APIs. */
final class ResponsesNames {
  private static final Map<String, String> NAMES =
      Map.of(
          "messages",
          "input",
          "prompt",
          "input",
          "maxTokens",
          "max_output_tokens",
          "format",
          "text.format",
          "format.schema",
          "text.format.schema",
          "template.arguments",
          "reasoning.effort");

  private ResponsesNames() {}

  static String wireName(String javaPath) {
    if (javaPath.startsWith("messages[")) {
      // Several items may be one message, so its index is none of theirs.
      return "input";
    }
    String name = NAMES.get(javaPath);
    return name == null ? CoreNames.wireName(javaPath).replace("].function.", "].") : name;
  }
}
