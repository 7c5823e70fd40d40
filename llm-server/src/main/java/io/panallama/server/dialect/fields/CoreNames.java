package io.panallama.server.dialect.fields;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names that OpenAI's and llama-server's APIs have for the values that the core's errors name by their Java paths. */
public final class CoreNames {
  private static final Pattern INDEX = Pattern.compile("\\[\\d+]");

  /** An index of the path goes to the same place in the wire name; where that has none, it is left out. */
  private static final Map<String, String> WIRE_NAMES =
      Map.ofEntries(
          Map.entry("messages[].toolCalls[].arguments", "messages[].tool_calls[].function.arguments"),
          Map.entry("tools.list", "tools"),
          Map.entry("tools.list[].parameters", "tools[].function.parameters"),
          Map.entry("tools.choice", "tool_choice"),
          Map.entry("template.arguments", "chat_template_kwargs"),
          Map.entry("template.turn", "continue_final_message"),
          Map.entry("template.budget.tokens", "reasoning_budget_tokens"),
          Map.entry("template.budget.message", "reasoning_budget_message"),
          Map.entry("maxTokens", "max_tokens"),
          Map.entry("minTokens", "min_tokens"),
          Map.entry("stop.texts", "stop"),
          Map.entry("stop.texts[]", "stop"),
          Map.entry("stop.tokens", "stop_token_ids"),
          Map.entry("topLogprobs", "top_logprobs"),
          Map.entry("promptLogprobs", "prompt_logprobs"),
          Map.entry("timeLimit", "time_limit_ms"),
          Map.entry("overflow.keep", "n_keep"),
          Map.entry("format", "response_format"),
          Map.entry("format.schema", "response_format.json_schema.schema"),
          Map.entry("sampling.chain", "samplers"),
          Map.entry("sampling.order", "samplers"),
          Map.entry("sampling.seed", "seed"),
          Map.entry("sampling.temperature", "temperature"),
          Map.entry("sampling.temperatureRange", "dynatemp_range"),
          Map.entry("sampling.temperatureExponent", "dynatemp_exponent"),
          Map.entry("sampling.topK", "top_k"),
          Map.entry("sampling.topP", "top_p"),
          Map.entry("sampling.minP", "min_p"),
          Map.entry("sampling.typicalP", "typical_p"),
          Map.entry("sampling.topNSigma", "top_n_sigma"),
          Map.entry("sampling.minKeep", "min_keep"),
          Map.entry("sampling.repeatLastN", "repeat_last_n"),
          Map.entry("sampling.repeatPenalty", "repeat_penalty"),
          Map.entry("sampling.frequencyPenalty", "frequency_penalty"),
          Map.entry("sampling.presencePenalty", "presence_penalty"),
          Map.entry("sampling.logitBias", "logit_bias"),
          Map.entry("sampling.bannedTokens", "banned_tokens"),
          Map.entry("sampling.bannedTexts", "bad_words"),
          Map.entry("sampling.bannedTexts[]", "bad_words[]"),
          Map.entry("sampling.grammar", "grammar"),
          Map.entry("sampling.grammar.triggers", "grammar_triggers"),
          Map.entry("sampling.grammar.triggers[]", "grammar_triggers[]"),
          Map.entry("sampling.mirostat", "mirostat"),
          Map.entry("sampling.adaptiveP", "adaptive_p"),
          Map.entry("sampling.mirostat.tau", "mirostat_tau"),
          Map.entry("sampling.mirostat.eta", "mirostat_eta"),
          Map.entry("sampling.mirostat.m", "mirostat_m"),
          Map.entry("sampling.adaptiveP.target", "adaptive_target"),
          Map.entry("sampling.adaptiveP.decay", "adaptive_decay"),
          Map.entry("sampling.xtc.probability", "xtc_probability"),
          Map.entry("sampling.xtc.threshold", "xtc_threshold"),
          Map.entry("sampling.dry.multiplier", "dry_multiplier"),
          Map.entry("sampling.dry.base", "dry_base"),
          Map.entry("sampling.dry.allowedLength", "dry_allowed_length"),
          Map.entry("sampling.dry.lastN", "dry_penalty_last_n"),
          Map.entry("sampling.dry.breakers", "dry_sequence_breakers"),
          Map.entry("sampling.dry.breakers[]", "dry_sequence_breakers[]"));

  private CoreNames() {}

  /** The name on the wire of the core's value {@code javaPath}; the path itself if the API has no name of its own for it. */
  public static String wireName(String javaPath) {
    String wire = WIRE_NAMES.get(INDEX.matcher(javaPath).replaceAll("[]"));
    if (wire == null) {
      return javaPath;
    }
    Deque<String> indices = new ArrayDeque<>();
    INDEX.matcher(javaPath).results().map(MatchResult::group).forEach(indices::add);
    return Pattern.compile("\\[]").matcher(wire).replaceAll(slot -> Matcher.quoteReplacement(indices.removeFirst()));
  }
}
