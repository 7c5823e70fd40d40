package io.panallama.cli;

import io.panallama.error.InvalidRequestException;
import java.util.Map;

/** How the core's names of settings and of request fields are spelled on the command line, for its messages. */
final class OptionNames {
  private static final Map<String, String> SETTINGS =
      Map.ofEntries(
          Map.entry("contextSize", "--ctx-size"),
          Map.entry("slots", "--slots"),
          Map.entry("queueLimit", "--queue"),
          Map.entry("batchSize", "--batch-size"),
          Map.entry("microBatchSize", "--ubatch-size"),
          Map.entry("threads", "--threads"),
          Map.entry("batchThreads", "--threads"),
          Map.entry("gpuLayers", "--gpu-layers"),
          Map.entry("outputTensorType", "--output-tensor-type"),
          Map.entry("tokenEmbeddingType", "--token-embedding-type"));

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
