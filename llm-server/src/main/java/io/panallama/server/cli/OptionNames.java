package io.panallama.server.cli;

import io.panallama.InvalidRequestException;
import java.util.Map;

/** How the core's names of settings and of request fields are spelled on the command line, for its messages. */
final class OptionNames {
  private static final Map<String, String> SETTINGS =
      Map.of(
          "contextSize", "--ctx-size",
          "slots", "--slots",
          "queueLimit", "--queue",
          "batchSize", "--batch-size",
          "microBatchSize", "--ubatch-size",
          "threads", "--threads",
          "batchThreads", "--threads",
          "gpuLayers", "--gpu-layers");

  private static final Map<String, String> FIELDS =
      Map.of(
          "max_tokens", "--max-tokens",
          "temperature", "--temperature",
          "top_k", "--top-k",
          "top_p", "--top-p",
          "min_p", "--min-p",
          "repeat_penalty", "--repeat-penalty",
          "seed", "--seed",
          "stop", "--stop",
          "overflow.keep", "--keep");

  private OptionNames() {}

  /** The message of a refused model or engine configuration. */
  static String in(IllegalArgumentException refused) {
    String renamed = String.valueOf(refused.getMessage());
    for (Map.Entry<String, String> name : SETTINGS.entrySet()) {
      renamed = renamed.replaceAll("\\b(?<!-)" + name.getKey() + "\\b", name.getValue());
    }
    return renamed;
  }

  /** The message of a refused request; what it begins with is the field. */
  static String in(InvalidRequestException refused) {
    String message = String.valueOf(refused.getMessage());
    String option = FIELDS.get(refused.parameter());
    return option != null && message.startsWith(refused.parameter() + " ")
        ? option + message.substring(refused.parameter().length())
        : message;
  }
}
