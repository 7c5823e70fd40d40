package io.panallama.cli;

import io.panallama.error.EngineStartException;
import io.panallama.error.InvalidRequestException;
import io.panallama.search.error.SearchException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/** How the core's names of settings and of request fields are spelled on the command line, for its messages. */
final class OptionNames {
  private static final Map<String, String> SETTINGS =
      Map.ofEntries(
          Map.entry("contextSize", "--ctx-size"),
          Map.entry("slots", "--slots"),
          Map.entry("queueLimit", "--queue"),
          Map.entry("queueTokenLimit", "--queue-tokens"),
          Map.entry("batchSize", "--batch-size"),
          Map.entry("microBatchSize", "--ubatch-size"),
          Map.entry("threads", "--threads"),
          Map.entry("batchThreads", "--batch-threads"),
          Map.entry("mailboxCapacity", "--mailbox"),
          Map.entry("hosts", "--host"),
          Map.entry("allowedHosts", "--allowed-hosts"),
          Map.entry("allowedOrigins", "--cors-origins"),
          Map.entry("apiKeys", "--api-key"),
          Map.entry("accessLog", "--access-log"),
          Map.entry("requestsPerMinute", "--requests-per-minute"),
          Map.entry("concurrentRequests", "--concurrent-requests"),
          Map.entry("tokensPerMinute", "--tokens-per-minute"),
          Map.entry("tokensPerDay", "--tokens-per-day"),
          Map.entry("note", "--note"),
          Map.entry("weight", "--weight"),
          Map.entry("maxRequestTime", "--max-request-time"),
          Map.entry("id", "--id"),
          Map.entry("memoryBytes", "--worker-memory"),
          Map.entry("port", "--port"),
          Map.entry("maxBodyBytes", "--max-body"),
          Map.entry("maxMessages", "--max-messages"),
          Map.entry("maxGrammarBytes", "--max-grammar"),
          Map.entry("maxConnections", "--max-connections"),
          Map.entry("requestTimeout", "--request-timeout"),
          Map.entry("idleTimeout", "--idle-timeout"),
          Map.entry("writeTimeout", "--write-timeout"),
          Map.entry("heartbeatInterval", "--heartbeat"),
          Map.entry("shutdownGrace", "--shutdown-grace"),
          Map.entry("resumeTime", "--resume-time"),
          Map.entry("resumeBufferBytes", "--resume-buffer"),
          Map.entry("resumeMemoryBytes", "--resume-memory"),
          Map.entry("rope.frequencyBase", "--rope-freq-base"),
          Map.entry("rope.frequencyScale", "--rope-freq-scale"),
          Map.entry("rope.yarnExtrapolation", "--yarn-ext-factor"),
          Map.entry("rope.yarnAttention", "--yarn-attn-factor"),
          Map.entry("rope.yarnBetaFast", "--yarn-beta-fast"),
          Map.entry("rope.yarnBetaSlow", "--yarn-beta-slow"),
          Map.entry("rope.yarnOriginalContext", "--yarn-orig-ctx"),
          Map.entry("placement.processors", "--cpus"),
          Map.entry("placement.strict", "--cpu-strict"),
          Map.entry("placement.polling", "--poll"),
          Map.entry("offloadKeyValues", "--no-kv-offload"),
          Map.entry("offloadOperations", "--no-op-offload"),
          Map.entry("fullSlidingWindow", "--no-swa-full"),
          Map.entry("devices", "--device"),
          Map.entry("tensorSplit", "--tensor-split"),
          Map.entry("tensorPlacements", "--override-tensor"),
          Map.entry("mainGpu", "--main-gpu"),
          Map.entry("gpuLayers", "--gpu-layers"),
          Map.entry("outputTensorType", "--output-tensor-type"),
          Map.entry("tokenEmbeddingType", "--token-embedding-type"));

  private static final Map<String, String> FIELDS =
      Map.ofEntries(
          Map.entry("maxTokens", "--max-tokens"),
          Map.entry("dimensions", "--dimensions"),
          Map.entry("longText", "--long-text"),
          Map.entry("pooling", "--pooling"),
          Map.entry("topN", "--top-n"),
          Map.entry("query", "--query"),
          Map.entry("function", "--scores"),
          Map.entry("sampling.temperature", "--temperature"),
          Map.entry("sampling.topK", "--top-k"),
          Map.entry("sampling.topP", "--top-p"),
          Map.entry("sampling.minP", "--min-p"),
          Map.entry("sampling.typicalP", "--typical-p"),
          Map.entry("sampling.topNSigma", "--top-n-sigma"),
          Map.entry("sampling.repeatPenalty", "--repeat-penalty"),
          Map.entry("sampling.repeatLastN", "--repeat-last-n"),
          Map.entry("sampling.presencePenalty", "--presence-penalty"),
          Map.entry("sampling.frequencyPenalty", "--frequency-penalty"),
          Map.entry("sampling.seed", "--seed"),
          Map.entry("stop.texts", "--stop"),
          Map.entry("overflow.keep", "--keep"));

  /** Of a search, and of what is indexed for it. */
  private static final Map<String, String> OF_SEARCH =
      Map.of("limit", "--limit", "maxTokens", "--chunk-tokens", "overlapTokens", "--chunk-overlap");

  /** A length of time as Java writes it. */
  private static final Pattern SPAN = Pattern.compile("\\bPT(-?[0-9.]+[HMS])+");

  private OptionNames() {}

  /** Translates the message of a refused configuration. */
  static String in(IllegalArgumentException refused) {
    return settings(String.valueOf(refused.getMessage()));
  }

  /** Translates the message of an engine that can't start with its configuration. */
  static String in(EngineStartException refused) {
    return settings(String.valueOf(refused.getMessage()));
  }

  /** Translates the message of a refused search: a setting is its first word. */
  static String in(SearchException refused) {
    String message = String.valueOf(refused.getMessage());
    int end = Math.max(0, message.indexOf(' '));
    return OF_SEARCH.getOrDefault(message.substring(0, end), message.substring(0, end)) + message.substring(end);
  }

  /** A length of time as an option has it. */
  private static String written(Duration span) {
    return span.toMillisPart() == 0 ? span.toSeconds() + "s" : span.toMillis() + "ms";
  }

  /** Renames the first word of a message, and every name in it that can't be an English word. */
  private static String settings(String message) {
    String renamed = SPAN.matcher(message).replaceAll(span -> written(Duration.parse(span.group())));
    for (Map.Entry<String, String> name : SETTINGS.entrySet()) {
      boolean word = name.getKey().chars().allMatch(Character::isLowerCase);
      renamed = renamed.replaceAll((word ? "^" : "\\b") + Pattern.quote(name.getKey()) + "\\b", name.getValue());
    }
    return renamed;
  }

  /** Translates the message of a refused request. */
  static String in(InvalidRequestException refused) {
    return refused.message(path -> FIELDS.getOrDefault(path.replaceAll("\\[\\d+]", ""), path));
  }
}
