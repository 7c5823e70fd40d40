package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.InvalidRequestException;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.server.dialect.ApiException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The fields that decide how tokens are chosen: OpenAI's, and llama-server's and vLLM's under their names. Fields that a
 * request leaves out take the model's defaults. Immutable once it is read.
 */
public final class SamplingFields {
  /** Clients of llama-server say -1 for a fresh seed. */
  private static final long LLAMA_SERVER_RANDOM = -1;

  /** As llama.cpp has it, any negative number turns top-n-sigma and adaptive-p off. */
  private static final float OFF = -1;

  /** One more than the largest number of 64 bits without a sign. */
  private static final BigDecimal SEEDS = BigDecimal.TWO.pow(64);

  // llama.cpp's defaults (common_params_sampling) of fields that only matter together with another one.
  private static final float XTC_THRESHOLD = 0.1f;
  private static final float DRY_BASE = 1.75f;
  private static final int DRY_ALLOWED_LENGTH = 2;
  private static final int DRY_LAST_N = 64;
  private static final String BREAKERS = "dry_sequence_breakers";
  private static final List<String> DRY_BREAKERS = List.of("\n", ":", "\"", "*");
  private static final float MIROSTAT_TAU = 5;
  private static final float MIROSTAT_ETA = 0.1f;
  private static final int MIROSTAT_M = 100;
  private static final float ADAPTIVE_DECAY = 0.9f;

  private final List<Consumer<Sampling.Builder>> changes = new ArrayList<>();
  private LogitBiasFields bias = LogitBiasFields.NONE;

  private SamplingFields() {}

  /** Reads the fields; their ranges are checked by the core when {@link #over} applies them. */
  public static SamplingFields read(JsonFields body) {
    SamplingFields fields = new SamplingFields();
    fields.set(clamped(body, "temperature", 0, Float.MAX_VALUE), Sampling.Builder::temperature);
    fields.set(clamped(body, "top_p", 0, 1), Sampling.Builder::topP);
    fields.set(clamped(body, "min_p", 0, 1), Sampling.Builder::minP);
    fields.set(countOrOff(body, "top_k"), Sampling.Builder::topK);
    fields.set(clamped(body, body.alias("typical_p", "typ_p"), 0, 1), Sampling.Builder::typicalP);
    fields.set(body.number("top_n_sigma"), (sampling, n) -> sampling.topNSigma(n < 0 ? 0 : n));
    fields.set(lookBack(body, "repeat_last_n"), Sampling.Builder::repeatLastN);
    fields.set(body.number(body.alias("repeat_penalty", "repetition_penalty")), Sampling.Builder::repeatPenalty);
    fields.set(body.number("frequency_penalty"), Sampling.Builder::frequencyPenalty);
    fields.set(body.number("presence_penalty"), Sampling.Builder::presencePenalty);
    fields.set(seed(body), Sampling.Builder::seed);
    String grammar = body.string("grammar");
    if (grammar != null && !grammar.isEmpty()) {
      fields.set(new Sampler.Grammar(grammar, "root"), Sampling.Builder::grammar);
    }
    fields.bias = LogitBiasFields.read(body);
    JsonNode ids = body.any("banned_tokens");
    fields.set(ids == null ? null : tokenIds(body.path("banned_tokens"), ids), Sampling.Builder::banTokens);
    fields.set(body.strings("bad_words"), Sampling.Builder::banTexts);
    if (body.bool("ignore_eos")) {
      fields.changes.add(sampling -> sampling.ignoreEnd(true));
    }
    Integer minKeep = body.integer("min_keep", IntegerRange.atLeast(0));
    fields.set(minKeep, Sampling.Builder::minKeep);
    fields.dynamicTemperature(body);
    fields.xtc(body, minKeep == null ? 1 : minKeep);
    fields.dry(body);
    SamplerNames names = SamplerNames.read(body);
    fields.selecting(body, names);
    fields.set(names.order(), Sampling.Builder::order);
    return fields;
  }

  /**
   * The sampling of a request whose dialect has no biases of texts: these fields over the model's defaults.
   *
   * @throws ApiException if there is such a bias
   * @throws InvalidRequestException if a value is out of its range
   */
  public Sampling over(Sampling.Builder defaults) {
    return over(
        defaults,
        text -> {
          throw ApiException.unsupported("logit_bias", "A logit_bias of a text");
        });
  }

  /**
   * The sampling of a request: these fields over the model's defaults.
   *
   * @param tokens the tokens of a text; asked where a bias is given to one
   * @throws InvalidRequestException if a value is out of its range
   */
  public Sampling over(Sampling.Builder defaults, Function<String, int[]> tokens) {
    changes.forEach(change -> change.accept(defaults));
    if (!bias.isEmpty()) {
      defaults.logitBias(bias.resolve(tokens));
    }
    return defaults.build();
  }

  /**
   * A number, the closest one in its range where it is outside, as llama-server takes it; that is named.
   */
  private static @Nullable Float clamped(JsonFields body, String name, float low, float high) {
    Float value = body.nearestNumber(name);
    if (value == null || value >= low && value <= high) {
      return value;
    }
    float closest = Math.clamp(value, low, high);
    String path = body.path(name);
    body.ignored().unsupported(path, path + " is " + body.shown(name) + "; it must be " + range(low, high) + ".");
    return closest;
  }

  private static String range(float low, float high) {
    return high == Float.MAX_VALUE ? (int) low + " or more" : (int) low + " to " + (int) high;
  }

  /** A count for which clients say -1 to turn it off. */
  private static @Nullable Integer countOrOff(JsonFields body, String name) {
    Integer value = body.nearestInteger(name);
    if (value == null || value >= 0) {
      return value;
    }
    if (value != -1) {
      String path = body.path(name);
      body.ignored()
          .unsupported(path, path + " is " + body.shown(name) + "; it must be 0 or more, or -1 to turn it off.");
    }
    return 0;
  }

  /** A count that may be larger than any. */
  private static @Nullable Integer atLeastZero(JsonFields body, String name) {
    Integer value = body.nearestInteger(name);
    return value != null && value < 0 ? body.integer(name, IntegerRange.atLeast(0)) : value;
  }

  /** How many tokens to look back; -1 is all of them, as in older versions of llama-server. */
  private static @Nullable Integer lookBack(JsonFields body, String name) {
    Integer value = body.nearestInteger(name);
    String path = body.path(name);
    if (value != null && value > IntegerRange.LOOK_BACK.high()) {
      body.ignored()
          .unsupported(
              path,
              path + " is " + body.shown(name) + "; no more than " + Sampler.MAX_LAST_N + " tokens are looked at.");
      return Sampler.MAX_LAST_N;
    }
    Integer within = body.integer(name, IntegerRange.LOOK_BACK);
    return within != null && within == -1 ? Integer.valueOf(Sampler.MAX_LAST_N) : within;
  }

  /** A seed of any 64 bits, folded into 32; -1 asks for a fresh one. */
  private static @Nullable Long seed(JsonFields body) {
    // Mistral's name is the second.
    String name = body.alias("seed", "random_seed");
    JsonNode value = body.any(name);
    if (value == null) {
      return null;
    }
    String path = body.path(name);
    JsonFields.requireWhole(value, path);
    if (value.decimalValue().abs().compareTo(SEEDS) >= 0) {
      String most = SEEDS.subtract(BigDecimal.ONE).toString();
      throw JsonFields.outOfRange(value, path, "-" + most, most);
    }
    long seed = value.decimalValue().toBigIntegerExact().longValue();
    if (seed == LLAMA_SERVER_RANDOM && value.decimalValue().signum() < 0) {
      return Sampling.RANDOM_SEED;
    }
    return seed >= 0 && seed <= Sampling.RANDOM_SEED ? seed : (seed ^ seed >>> 32) & 0xFFFF_FFFFL;
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
    Float probability = clamped(body, "xtc_probability", 0, 1);
    Float threshold = clamped(body, "xtc_threshold", 0, 1);
    if (probability != null || threshold != null) {
      Sampler.Xtc xtc = new Sampler.Xtc(or(probability, 0), or(threshold, XTC_THRESHOLD), minKeep);
      changes.add(sampling -> sampling.xtc(xtc));
    }
  }

  private void dry(JsonFields body) {
    Float multiplier = body.number("dry_multiplier");
    float base = or(clamped(body, "dry_base", 1, Float.MAX_VALUE), DRY_BASE);
    int allowedLength = or(atLeastZero(body, "dry_allowed_length"), DRY_ALLOWED_LENGTH);
    int lastN = or(lookBack(body, "dry_penalty_last_n"), DRY_LAST_N);
    List<String> breakers = breakers(body);
    List<String> texts = breakers == null ? DRY_BREAKERS : breakers;
    // Made even where no multiplier turns it on, so that values out of range are refused.
    Sampler.Dry dry = new Sampler.Dry(or(multiplier, 0), base, allowedLength, lastN, texts);
    if (multiplier != null) {
      changes.add(sampling -> sampling.dry(dry));
    }
  }

  /** An array of texts, also written as a text, as some programs do; llama-server takes the array only. */
  private static @Nullable List<String> breakers(JsonFields body) {
    JsonNode value = body.any(BREAKERS);
    if (value == null || !value.isTextual()) {
      return body.strings(BREAKERS);
    }
    String path = body.path(BREAKERS);
    JsonNode array = JsonBody.value(JsonFields.string(value, path));
    if (array == null || !array.isArray()) {
      throw ApiException.invalid(
          400, path, "invalid_type", path + " must be an array of strings, or a text with such an array in JSON.");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      texts.add(JsonFields.string(array.get(i), path + "[" + i + "]"));
    }
    return texts;
  }

  /** Mirostat or adaptive-p in place of the draw. */
  private void selecting(JsonFields body, SamplerNames names) {
    float tau = or(body.number("mirostat_tau"), MIROSTAT_TAU);
    float eta = or(body.number("mirostat_eta"), MIROSTAT_ETA);
    Sampler.Selecting first = new Sampler.Mirostat(tau, eta, MIROSTAT_M);
    Sampler.Selecting second = new Sampler.MirostatV2(tau, eta);
    int mirostat = or(body.integer("mirostat", IntegerRange.of(0, 2)), 0);
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
      default -> changes.add(sampling -> sampling.selecting(second));
    }
  }

  /** An array of token ids. */
  static List<Integer> tokenIds(String name, JsonNode array) {
    if (!array.isArray()) {
      throw JsonFields.wrongType(name, array, "an array of token ids");
    }
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      ids.add(TokenIds.read(array.get(i), name + "[" + i + "]"));
    }
    return ids;
  }
}
