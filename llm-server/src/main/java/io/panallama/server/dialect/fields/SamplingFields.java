package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The fields that decide how tokens are chosen: OpenAI's, and llama-server's and vLLM's under their names. Fields that a
 * request leaves out take the model's defaults. Immutable.
 */
public final class SamplingFields {
  /** Clients of llama-server say -1 for a fresh seed. */
  private static final long LLAMA_SERVER_RANDOM = -1;

  /** As llama.cpp has it, any negative number turns top-n-sigma and adaptive-p off. */
  private static final float OFF = -1;

  // llama.cpp's defaults (common_params_sampling) of fields that only matter together with another one.
  private static final float XTC_THRESHOLD = 0.1f;
  private static final float DRY_BASE = 1.75f;
  private static final int DRY_ALLOWED_LENGTH = 2;
  private static final int DRY_LAST_N = 64;
  private static final List<String> DRY_BREAKERS = List.of("\n", ":", "\"", "*");
  private static final float MIROSTAT_TAU = 5;
  private static final float MIROSTAT_ETA = 0.1f;
  private static final int MIROSTAT_M = 100;
  private static final float ADAPTIVE_DECAY = 0.9f;

  private final List<Consumer<Sampling.Builder>> changes = new ArrayList<>();

  private SamplingFields() {}

  /** Reads the fields; their ranges are checked by the core when {@link #over} applies them. */
  public static SamplingFields read(JsonFields body) {
    SamplingFields fields = new SamplingFields();
    fields.set(body.number("temperature"), Sampling.Builder::temperature);
    fields.set(body.number("top_p"), Sampling.Builder::topP);
    fields.set(body.number("min_p"), Sampling.Builder::minP);
    fields.set(body.integer("top_k"), Sampling.Builder::topK);
    fields.set(body.number("typical_p"), Sampling.Builder::typicalP);
    fields.set(body.number("top_n_sigma"), (sampling, n) -> sampling.topNSigma(n < 0 ? 0 : n));
    fields.set(body.integer("repeat_last_n"), Sampling.Builder::repeatLastN);
    fields.set(body.number("repeat_penalty"), Sampling.Builder::repeatPenalty);
    fields.set(body.number("frequency_penalty"), Sampling.Builder::frequencyPenalty);
    fields.set(body.number("presence_penalty"), Sampling.Builder::presencePenalty);
    fields.set(
        body.longInteger("seed"),
        (sampling, seed) -> sampling.seed(seed == LLAMA_SERVER_RANDOM ? Sampling.RANDOM_SEED : seed));
    fields.set(body.string("grammar"), (sampling, gbnf) -> sampling.grammar(new Sampler.Grammar(gbnf, "root")));
    JsonNode bias = body.any("logit_bias");
    fields.set(bias == null ? null : logitBias(bias), Sampling.Builder::logitBias);
    JsonNode ids = body.any("banned_tokens");
    fields.set(ids == null ? null : tokenIds("banned_tokens", ids), Sampling.Builder::banTokens);
    JsonNode words = body.any("bad_words");
    fields.set(words == null ? null : texts("bad_words", words), Sampling.Builder::banTexts);
    if (body.bool("ignore_eos")) {
      fields.changes.add(sampling -> sampling.ignoreEnd(true));
    }
    Integer minKeep = body.integer("min_keep");
    fields.set(minKeep, Sampling.Builder::minKeep);
    fields.dynamicTemperature(body);
    fields.xtc(body, minKeep == null ? 1 : minKeep);
    fields.dry(body);
    SamplerNames names = SamplerNames.read(body.any("samplers"));
    fields.selecting(body, names);
    fields.set(names.order(), Sampling.Builder::order);
    return fields;
  }

  /**
   * The sampling of a request: these fields over the model's defaults.
   *
   * @throws InvalidRequestException if a value is out of its range
   */
  public Sampling over(Sampling.Builder defaults) {
    changes.forEach(change -> change.accept(defaults));
    return defaults.build();
  }

  private <T> void set(@Nullable T value, BiConsumer<Sampling.Builder, T> setter) {
    if (value != null) {
      changes.add(sampling -> setter.accept(sampling, value));
    }
  }

  private static float or(@Nullable Float value, float otherwise) {
    return value == null ? otherwise : value;
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private void dynamicTemperature(JsonFields body) {
    Float range = body.number("dynatemp_range");
    Float exponent = body.number("dynatemp_exponent");
    if (range != null || exponent != null) {
      changes.add(sampling -> sampling.temperatureRange(or(range, 0), or(exponent, 1)));
    }
  }

  private void xtc(JsonFields body, int minKeep) {
    Float probability = body.number("xtc_probability");
    Float threshold = body.number("xtc_threshold");
    if (probability != null || threshold != null) {
      Sampler.Xtc xtc = new Sampler.Xtc(or(probability, 0), or(threshold, XTC_THRESHOLD), minKeep);
      changes.add(sampling -> sampling.xtc(xtc));
    }
  }

  private void dry(JsonFields body) {
    Float multiplier = body.number("dry_multiplier");
    float base = or(body.number("dry_base"), DRY_BASE);
    int allowedLength = or(body.integer("dry_allowed_length"), DRY_ALLOWED_LENGTH);
    int lastN = or(body.integer("dry_penalty_last_n"), DRY_LAST_N);
    JsonNode breakers = body.any("dry_sequence_breakers");
    List<String> texts = breakers == null ? DRY_BREAKERS : texts("dry_sequence_breakers", breakers);
    // Made even where no multiplier turns it on, so that values out of range are refused.
    Sampler.Dry dry = new Sampler.Dry(or(multiplier, 0), base, allowedLength, lastN, texts);
    if (multiplier != null) {
      changes.add(sampling -> sampling.dry(dry));
    }
  }

  /** Mirostat or adaptive-p in place of the draw. */
  private void selecting(JsonFields body, SamplerNames names) {
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
          changes.add(sampling -> sampling.selecting(third));
        }
      }
      case 1 -> changes.add(sampling -> sampling.selecting(first));
      case 2 -> changes.add(sampling -> sampling.selecting(second));
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
