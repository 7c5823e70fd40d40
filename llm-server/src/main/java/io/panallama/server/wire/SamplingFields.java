package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.server.ServedModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The fields that decide how tokens are chosen: OpenAI's, and llama-server's and vLLM's under their names. */
final class SamplingFields {
  /** Clients of llama-server say -1 for a fresh seed. */
  private static final long LLAMA_SERVER_RANDOM = -1;

  /** As llama.cpp has it, any negative number turns top-n-sigma and adaptive-p off. */
  private static final float OFF = -1;

  // llama.cpp's defaults of what only counts together with another field (common_params_sampling).
  private static final float XTC_THRESHOLD = 0.1f;
  private static final float DRY_BASE = 1.75f;
  private static final int DRY_ALLOWED_LENGTH = 2;
  private static final int DRY_LAST_N = 64;
  private static final List<String> DRY_BREAKERS = List.of("\n", ":", "\"", "*");
  private static final float MIROSTAT_TAU = 5;
  private static final float MIROSTAT_ETA = 0.1f;
  private static final int MIROSTAT_M = 100;
  private static final float ADAPTIVE_DECAY = 0.9f;

  private SamplingFields() {}

  /** The model's defaults with the request's own values set over them. Ranges are checked by the core. */
  static Sampling read(JsonFields body, ServedModel model) {
    Sampling.Builder sampling = model.sampling().get();
    set(body.number("temperature"), sampling::temperature);
    set(body.number("top_p"), sampling::topP);
    set(body.number("min_p"), sampling::minP);
    set(body.integer("top_k"), sampling::topK);
    set(body.number("typical_p"), sampling::typicalP);
    set(body.number("top_n_sigma"), n -> sampling.topNSigma(n < 0 ? 0 : n));
    set(body.integer("repeat_last_n"), sampling::repeatLastN);
    set(body.number("repeat_penalty"), sampling::repeatPenalty);
    set(body.number("frequency_penalty"), sampling::frequencyPenalty);
    set(body.number("presence_penalty"), sampling::presencePenalty);
    set(body.longInteger("seed"), seed -> sampling.seed(seed == LLAMA_SERVER_RANDOM ? Sampling.RANDOM_SEED : seed));
    set(body.string("grammar"), gbnf -> sampling.grammar(new Sampler.Grammar(gbnf, "root")));
    set(body.any("logit_bias"), bias -> sampling.logitBias(logitBias(bias)));
    set(body.any("banned_tokens"), ids -> sampling.banTokens(tokenIds("banned_tokens", ids)));
    set(body.any("bad_words"), words -> sampling.banTexts(texts("bad_words", words)));
    if (body.bool("ignore_eos")) {
      sampling.ignoreEnd(true);
    }
    Integer minKeep = body.integer("min_keep");
    set(minKeep, sampling::minKeep);
    dynamicTemperature(body, sampling);
    xtc(body, sampling, minKeep == null ? 1 : minKeep);
    dry(body, sampling);
    SamplerNames names = SamplerNames.read(body.any("samplers"));
    selecting(body, sampling, names);
    set(names.order(), sampling::order);
    return sampling.build();
  }

  private static <T> void set(@Nullable T value, Consumer<T> setter) {
    if (value != null) {
      setter.accept(value);
    }
  }

  private static float or(@Nullable Float value, float otherwise) {
    return value == null ? otherwise : value;
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private static void dynamicTemperature(JsonFields body, Sampling.Builder sampling) {
    Float range = body.number("dynatemp_range");
    Float exponent = body.number("dynatemp_exponent");
    if (range != null || exponent != null) {
      sampling.temperatureRange(or(range, 0), or(exponent, 1));
    }
  }

  private static void xtc(JsonFields body, Sampling.Builder sampling, int minKeep) {
    Float probability = body.number("xtc_probability");
    Float threshold = body.number("xtc_threshold");
    if (probability != null || threshold != null) {
      sampling.xtc(new Sampler.Xtc(or(probability, 0), or(threshold, XTC_THRESHOLD), minKeep));
    }
  }

  private static void dry(JsonFields body, Sampling.Builder sampling) {
    Float multiplier = body.number("dry_multiplier");
    float base = or(body.number("dry_base"), DRY_BASE);
    int allowedLength = or(body.integer("dry_allowed_length"), DRY_ALLOWED_LENGTH);
    int lastN = or(body.integer("dry_penalty_last_n"), DRY_LAST_N);
    JsonNode breakers = body.any("dry_sequence_breakers");
    List<String> texts = breakers == null ? DRY_BREAKERS : texts("dry_sequence_breakers", breakers);
    // Made even where the multiplier turns it off: what is out of range is refused.
    Sampler.Dry dry = new Sampler.Dry(or(multiplier, 0), base, allowedLength, lastN, texts);
    if (multiplier != null) {
      sampling.dry(dry);
    }
  }

  /** Mirostat or adaptive-p in place of the draw. */
  private static void selecting(JsonFields body, Sampling.Builder sampling, SamplerNames names) {
    float tau = or(body.number("mirostat_tau"), MIROSTAT_TAU);
    float eta = or(body.number("mirostat_eta"), MIROSTAT_ETA);
    Sampler.Selecting first = new Sampler.Mirostat(tau, eta, MIROSTAT_M);
    Sampler.Selecting second = new Sampler.MirostatV2(tau, eta);
    int mirostat = or(body.integer("mirostat"), 0);
    float target = or(body.number("adaptive_target"), OFF);
    float decay = or(body.number("adaptive_decay"), ADAPTIVE_DECAY);
    Sampler.Selecting third = new Sampler.AdaptiveP(Math.max(target, 0), decay);
    boolean adaptive = names.adaptive(target >= 0);
    if (adaptive && mirostat != 0) {
      throw ApiException.invalid(
          "adaptive_target", "adaptive_target and mirostat exclude each other: both choose the token.");
    }
    switch (mirostat) {
      case 0 -> {
        if (adaptive) {
          sampling.selecting(third);
        }
      }
      case 1 -> sampling.selecting(first);
      case 2 -> sampling.selecting(second);
      default -> throw ApiException.invalid("mirostat", "mirostat is " + mirostat + "; it must be 0, 1 or 2.");
    }
  }

  /** OpenAI's object of ids and numbers, or llama-server's array of pairs; false forbids a token. */
  private static Map<Integer, Float> logitBias(JsonNode value) {
    Map<Integer, Float> bias = new HashMap<>();
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> entry : value.properties()) {
        bias.put(tokenId(entry.getKey()), biasOf(entry.getValue(), "logit_bias." + entry.getKey()));
      }
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        JsonNode pair = value.get(i);
        String path = "logit_bias[" + i + "]";
        if (!pair.isArray() || pair.size() != 2) {
          throw JsonFields.wrongType(path, pair, "a pair of a token id and a number");
        }
        bias.put(tokenId(pair.get(0), path + "[0]"), biasOf(pair.get(1), path + "[1]"));
      }
    } else {
      throw JsonFields.wrongType("logit_bias", value, "an object of token ids and numbers");
    }
    return bias;
  }

  private static float biasOf(JsonNode value, String path) {
    return value.isBoolean() && !value.booleanValue() ? Float.NEGATIVE_INFINITY : JsonFields.number(value, path);
  }

  private static int tokenId(String key) {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException notANumber) {
      throw ApiException.invalid("logit_bias", "logit_bias has the key \"" + key + "\"; keys must be token ids.");
    }
  }

  private static int tokenId(JsonNode value, String path) {
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw JsonFields.wrongType(path, value, "a token id");
    }
    return value.intValue();
  }

  /** An array of token ids. */
  static List<Integer> tokenIds(String name, JsonNode array) {
    if (!array.isArray()) {
      throw JsonFields.wrongType(name, array, "an array of token ids");
    }
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      ids.add(tokenId(array.get(i), name + "[" + i + "]"));
    }
    return ids;
  }

  private static List<String> texts(String name, JsonNode array) {
    if (!array.isArray()) {
      throw JsonFields.wrongType(name, array, "an array of strings");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      texts.add(JsonFields.string(array.get(i), name + "[" + i + "]"));
    }
    return texts;
  }
}
