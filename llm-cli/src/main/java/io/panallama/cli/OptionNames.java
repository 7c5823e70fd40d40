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
          "maxTokens", "--max-tokens",
          "sampling.temperature", "--temperature",
          "sampling.topK", "--top-k",
          "sampling.topP", "--top-p",
          "sampling.minP", "--min-p",
          "sampling.repeatPenalty", "--repeat-penalty",
          "sampling.seed", "--seed",
          "stop.texts", "--stop",
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

  /** The message of a refused request. */
  static String in(InvalidRequestException refused) {
    return refused.message(path -> FIELDS.getOrDefault(path.replaceAll("\\[\\d+]", ""), path));
  }
}
