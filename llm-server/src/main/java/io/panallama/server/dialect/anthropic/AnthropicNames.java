package io.panallama.server.dialect.anthropic;

import io.panallama.server.dialect.fields.CoreNames;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Anthropic's names of the values that the core's errors name by their Java paths. */
final class AnthropicNames {
  private static final Pattern TOOL_SCHEMA = Pattern.compile("tools\\.list(\\[\\d+])\\.parameters");
  private static final Pattern STOP = Pattern.compile("stop\\.texts(\\[\\d+])");

  private AnthropicNames() {}

  static String wireName(String javaPath) {
    Matcher schema = TOOL_SCHEMA.matcher(javaPath);
    if (schema.matches()) {
      return "tools" + schema.group(1) + ".input_schema";
    }
    Matcher stop = STOP.matcher(javaPath);
    if (stop.matches()) {
      return "stop_sequences" + stop.group(1);
    }
    return switch (javaPath) {
      case "stop.texts" -> "stop_sequences";
      case "template.budget.tokens" -> "thinking.budget_tokens";
      case "format" -> "output_config.format";
      default -> CoreNames.wireName(javaPath);
    };
  }
}
