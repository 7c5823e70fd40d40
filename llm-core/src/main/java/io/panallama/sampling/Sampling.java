package io.panallama.sampling;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is chosen: a chain of samplers, applied in order, and a seed. Immutable and thread-safe.
 *
 * <p>The same seed, chain, prompt and batch composition give the same output, even in another process on the same
 * machine. The batch composition can change the last bits of the logits, because llama.cpp uses different kernels for
 * different batch sizes: a draw that lies that close to the boundary between two tokens may then go the other way.
 */
public final class Sampling {
  /** Requests a fresh seed per generation. Its value is llama.h's {@code LLAMA_DEFAULT_SEED}. */
  public static final long RANDOM_SEED = 0xFFFF_FFFFL;

  private static final Sampling DEFAULTS = new Builder(Map.of(), null, false).build();
  private static final Sampling RECOMMENDED = new Builder(Map.of(), null, true).build();
  private static final Sampling GREEDY = builder().temperature(0).build();

  private final List<Sampler> chain;
  private final long seed;

  /** The values set in the builder; all others have their defaults. */
  private final Map<Setting, Object> settings;

  /** Whether the chain was given explicitly. */
  private final boolean fixed;

  private final boolean recommended;

  private Sampling(List<Sampler> chain, long seed, Builder from) {
    this.chain = List.copyOf(chain);
    this.seed = seed;
    settings = Map.copyOf(from.settings);
    fixed = from.chain != null;
    recommended = from.recommended;
    long selecting = chain.stream().filter(Sampler.Selecting.class::isInstance).count();
    if (selecting != 1 || !(chain.getLast() instanceof Sampler.Selecting)) {
      throw new InvalidRequestException(
          "sampling.chain",
          name("sampling.chain") + " must end in its only selecting sampler (greedy, dist, mirostat, adaptive-p).");
    }
    if (seed < 0 || seed > 0xFFFF_FFFFL) {
      throw new InvalidRequestException(
          "sampling.seed", name("sampling.seed") + " is " + seed + "; it must be 0 to 4294967295.");
    }
  }

  /**
   * A custom chain.
   *
   * @param chain the stages, at most {@link Sampler#MAX_STAGES}; the last one, and only that, is
   *     {@link Sampler.Selecting}
   * @param seed unsigned 32-bit seed of the random stages, or {@link #RANDOM_SEED}
   * @throws InvalidRequestException if the chain is too long or does not end in exactly one selecting sampler, or the
   *     seed is not an unsigned 32-bit number
   */
  public static Sampling of(List<Sampler> chain, long seed) {
    return new Builder(Map.of(), List.copyOf(chain), false).seed(seed).build();
  }

  /**
   * A custom chain, some of whose biases were given as {@linkplain Builder#banTokens forbidden tokens}: an error about one of
   * them names it so.
   *
   * @param chain as for {@link #of(List, long)}; it forbids these tokens by a {@link Sampler.LogitBias}
   * @param bannedTokens their ids
   * @param seed as for {@link #of(List, long)}
   * @throws InvalidRequestException as {@link #of(List, long)}
   */
  public static Sampling of(List<Sampler> chain, Set<Integer> bannedTokens, long seed) {
    Map<Setting, Object> settings =
        bannedTokens.isEmpty() ? Map.of() : Map.of(Setting.BANNED_TOKENS, Set.copyOf(bannedTokens));
    return new Builder(settings, List.copyOf(chain), false).seed(seed).build();
  }

  /** Always chooses the likeliest token. */
  public static Sampling greedy() {
    return GREEDY;
  }

  /** llama.cpp's defaults: top-k 40, top-p 0.95, min-p 0.05, temperature 0.8, a fresh seed. */
  public static Sampling defaults() {
    return DEFAULTS;
  }

  /**
   * The sampling that the model's metadata recommends ({@code general.sampling.*}), and {@link #defaults()} where it
   * recommends nothing. The engine knows the model and fills in the recommendation ({@link #over}); {@link #toBuilder}
   * overrides individual values of it.
   */
  public static Sampling recommended() {
    return RECOMMENDED;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return DEFAULTS.toBuilder();
  }

  /**
   * A builder that starts from this value.
   *
   * <p>A value {@linkplain #of given as a chain} has a fixed chain: its builder can change only the seed.
   */
  public Builder toBuilder() {
    return new Builder(settings, fixed ? chain : null, recommended);
  }

  /**
   * The ids of forbidden tokens, see {@link Builder#banTokens}; for a value given as a chain, those that {@link #of(List, Set, long)}
   * was told of.
   */
  public Set<Integer> bannedTokens() {
    return toBuilder().get(Setting.BANNED_TOKENS);
  }

  /** The stages in order; for {@link #recommended} without the model's recommendation. */
  public List<Sampler> chain() {
    return chain;
  }

  /** Unsigned 32-bit seed of the random stages, or {@link #RANDOM_SEED}. */
  public long seed() {
    return seed;
  }

  /** Whether unset values are left to the model, because this was created from {@link #recommended}. */
  public boolean isRecommended() {
    return recommended;
  }

  /**
   * Applies a model's recommendation.
   *
   * @param recommendation the model's, such as {@link io.panallama.Model#recommendedSampling}
   * @return the recommendation with the values that were set here, if {@link #isRecommended}; otherwise this value
   *     unchanged
   * @throws InvalidRequestException if the combined values are out of range
   */
  public Sampling over(Sampling recommendation) {
    if (!recommended) {
      return this;
    }
    if (settings.isEmpty()) {
      return recommendation;
    }
    Builder builder = recommendation.toBuilder();
    settings.forEach(builder::set);
    return builder.build();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Sampling that
        && chain.equals(that.chain)
        && seed == that.seed
        && recommended == that.recommended
        && (!recommended || settings.equals(that.settings));
  }

  @Override
  public int hashCode() {
    return Objects.hash(chain, seed, recommended);
  }

  @Override
  public String toString() {
    return "Sampling{chain=" + chain + ", seed=" + seed + (recommended ? ", recommended" : "") + "}";
  }

  /** The settings of the builder with their defaults; null if there is none. */
  private enum Setting {
    TEMPERATURE(0.8f),
    TOP_K(40),
    TOP_P(0.95f),
    MIN_P(0.05f),
    TYPICAL_P(1f),
    TOP_N_SIGMA(0f),
    REPEAT_LAST_N(64),
    REPEAT_PENALTY(1f),
    FREQUENCY_PENALTY(0f),
    PRESENCE_PENALTY(0f),
    SEED(RANDOM_SEED),
    LOGIT_BIAS(Map.of()),
    BANNED_TOKENS(Set.of()),
    BANNED_TEXTS(List.of()),
    IGNORE_END(false),
    MIN_KEEP(1),
    ORDER(SamplerStage.USUAL),
    TEMPERATURE_RANGE(0f),
    TEMPERATURE_EXPONENT(1f),
    XTC(null),
    DRY(null),
    GRAMMAR(null),
    DYNAMIC_TEMPERATURE(null),
    SELECTING(null);

    private final @Nullable Object standard;

    Setting(@Nullable Object standard) {
      this.standard = standard;
    }
  }

  /**
   * Assembles the usual stages: grammar, banned texts, logit bias, no end, then penalties, DRY, top-n-sigma, top-k,
   * typical, top-p, min-p, XTC and temperature unless {@link #order} says otherwise, then the draw. A stage whose value
   * turns it off is left out. For anything else {@linkplain Sampling#of give the chain} itself.
   *
   * <p>Not thread-safe.
   */
  public static final class Builder {
    private final EnumMap<Setting, Object> settings = new EnumMap<>(Setting.class);
    private final @Nullable List<Sampler> chain;
    private final boolean recommended;

    private Builder(Map<Setting, Object> settings, @Nullable List<Sampler> chain, boolean recommended) {
      this.settings.putAll(settings);
      this.chain = chain;
      this.recommended = recommended;
    }

    private Builder set(Setting setting, Object value) {
      if (chain != null && setting != Setting.SEED) {
        throw new IllegalStateException(
            "This sampling was made from a chain, which can't be changed to set " + setting + "; only its seed can.");
      }
      settings.put(setting, Objects.requireNonNull(value, "value"));
      return this;
    }

    private <T> T get(Setting setting) {
      return Objects.requireNonNull(this.<T>find(setting), "standard");
    }

    @SuppressWarnings("unchecked") // each setter stores the type that its setting is read with
    private <T> @Nullable T find(Setting setting) {
      return (T) settings.getOrDefault(setting, setting.standard);
    }

    /** The temperature, 0 or more; 0 is greedy. */
    public Builder temperature(float value) {
      return set(Setting.TEMPERATURE, value);
    }

    /** Top-k, 0 or more; 0 turns it off. */
    public Builder topK(int value) {
      return set(Setting.TOP_K, value);
    }

    /** Top-p, 0 to 1; 1 turns it off. */
    public Builder topP(float value) {
      return set(Setting.TOP_P, value);
    }

    /** Min-p, 0 to 1; 0 turns it off. */
    public Builder minP(float value) {
      return set(Setting.MIN_P, value);
    }

    /** Typical-p, 0 to 1; 1 turns it off. */
    public Builder typicalP(float value) {
      return set(Setting.TYPICAL_P, value);
    }

    /** Top-n-sigma, 0 or more; 0 turns it off. */
    public Builder topNSigma(float value) {
      return set(Setting.TOP_N_SIGMA, value);
    }

    /** The number of recent tokens that the penalties look at. */
    public Builder repeatLastN(int value) {
      return set(Setting.REPEAT_LAST_N, value);
    }

    /** The repetition penalty, larger than 0; 1 turns it off. */
    public Builder repeatPenalty(float value) {
      return set(Setting.REPEAT_PENALTY, value);
    }

    /** The frequency penalty; 0 turns it off. */
    public Builder frequencyPenalty(float value) {
      return set(Setting.FREQUENCY_PENALTY, value);
    }

    /** The presence penalty; 0 turns it off. */
    public Builder presencePenalty(float value) {
      return set(Setting.PRESENCE_PENALTY, value);
    }

    /** The seed, an unsigned 32-bit number. */
    public Builder seed(long value) {
      return set(Setting.SEED, value);
    }

    /**
     * Maps a token id to the value added to its logit; negative infinity forbids the token. See
     * {@link Sampler.LogitBias}.
     */
    public Builder logitBias(Map<Integer, Float> value) {
      return set(Setting.LOGIT_BIAS, Map.copyOf(value));
    }

    /** Ids of tokens that are forbidden, whatever the {@link #logitBias} says about them. */
    public Builder banTokens(Collection<Integer> value) {
      return set(Setting.BANNED_TOKENS, Set.copyOf(value));
    }

    /** Texts that must not appear in the output; see {@link Sampler.BannedTexts}. */
    public Builder banTexts(List<String> value) {
      return set(Setting.BANNED_TEXTS, List.copyOf(value));
    }

    /** The minimum number of candidates that top-p, min-p and typical leave, 0 or more. */
    public Builder minKeep(int value) {
      return set(Setting.MIN_KEEP, value);
    }

    /**
     * The stages in the order in which they apply. A stage that is not listed is not used; one that is listed twice
     * applies twice. At most {@link Sampler#MAX_ORDER}.
     */
    public Builder order(List<SamplerStage> value) {
      return set(Setting.ORDER, List.copyOf(value));
    }

    /**
     * Makes the {@link #temperature} dynamic; see {@link Sampler.DynamicTemperature}.
     *
     * @param range maximum distance from it, 0 or more; 0 turns it off
     * @param exponent larger than 0
     */
    public Builder temperatureRange(float range, float exponent) {
      return set(Setting.TEMPERATURE_RANGE, range).set(Setting.TEMPERATURE_EXPONENT, exponent);
    }

    /** Whether tokens that would end the generation are forbidden; see {@link Sampler.NoEnd}. */
    public Builder ignoreEnd(boolean value) {
      return set(Setting.IGNORE_END, value);
    }

    /** See {@link Sampler.Xtc}; not used by default. */
    public Builder xtc(Sampler.Xtc value) {
      return set(Setting.XTC, value);
    }

    /** See {@link Sampler.Dry}; not used by default. */
    public Builder dry(Sampler.Dry value) {
      return set(Setting.DRY, value);
    }

    /** Allows only text that this grammar accepts; see {@link Sampler.Grammar}. */
    public Builder grammar(Sampler.Grammar value) {
      return set(Setting.GRAMMAR, value);
    }

    /** Allows only text that this grammar accepts once it is triggered; see {@link Sampler.LazyGrammar}. */
    public Builder grammar(Sampler.LazyGrammar value) {
      return set(Setting.GRAMMAR, value);
    }

    /** Replaces {@link #temperature}. */
    public Builder dynamicTemperature(Sampler.DynamicTemperature value) {
      return set(Setting.DYNAMIC_TEMPERATURE, value);
    }

    /**
     * Sets the selecting stage, which replaces the draw; mirostat also replaces the truncating stages, as in llama.cpp.
     */
    public Builder selecting(Sampler.Selecting value) {
      return set(Setting.SELECTING, value);
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Sampling build() {
      @Nullable Sampler grammar = find(Setting.GRAMMAR);
      Sampler.@Nullable Selecting selecting = find(Setting.SELECTING);
      List<SamplerStage> order = get(Setting.ORDER);
      Map<Integer, Float> logitBias = get(Setting.LOGIT_BIAS);
      Set<Integer> bannedTokens = get(Setting.BANNED_TOKENS);
      List<String> bannedTexts = get(Setting.BANNED_TEXTS);
      boolean ignoreEnd = get(Setting.IGNORE_END);
      if (chain != null) {
        Checks.atMost("sampling.chain", chain.size(), Sampler.MAX_STAGES, "stages");
        return new Sampling(chain, get(Setting.SEED), this);
      }
      Checks.atMost("sampling.order", order.size(), Sampler.MAX_ORDER, "stages");
      List<Sampler> stages = new ArrayList<>();
      if (grammar != null) {
        stages.add(grammar);
      }
      if (!bannedTexts.isEmpty()) {
        stages.add(new Sampler.BannedTexts(bannedTexts));
      }
      Map<Integer, Float> bias = new HashMap<>(logitBias);
      bannedTokens.forEach(token -> bias.put(token, Float.NEGATIVE_INFINITY));
      if (!bias.isEmpty()) {
        stages.add(new Sampler.LogitBias(bias));
      }
      if (ignoreEnd) {
        stages.add(new Sampler.NoEnd());
      }
      Map<SamplerStage, Sampler> usual = usual();
      boolean mirostat = selecting instanceof Sampler.Mirostat || selecting instanceof Sampler.MirostatV2;
      boolean greedy = isGreedy();
      for (SamplerStage stage : order) {
        Sampler sampler = usual.get(stage);
        boolean wanted = stage.looksBack() || !greedy && (!mirostat || stage == SamplerStage.TEMPERATURE);
        if (sampler != null && wanted) {
          stages.add(sampler);
        }
      }
      stages.add(greedy ? new Sampler.Greedy() : selecting == null ? new Sampler.Dist() : selecting);
      return new Sampling(stages, get(Setting.SEED), this);
    }

    private boolean isGreedy() {
      float temperature = get(Setting.TEMPERATURE);
      float temperatureRange = get(Setting.TEMPERATURE_RANGE);
      Sampler.@Nullable DynamicTemperature dynamicTemperature = find(Setting.DYNAMIC_TEMPERATURE);
      Sampler.@Nullable Selecting selecting = find(Setting.SELECTING);
      List<SamplerStage> order = get(Setting.ORDER);
      return temperature == 0
          && temperatureRange == 0
          && dynamicTemperature == null
          && selecting == null
          && order.contains(SamplerStage.TEMPERATURE);
    }

    /** The stages that have an effect. A value out of range is rejected even if its stage would not be used. */
    private Map<SamplerStage, Sampler> usual() {
      int topK = get(Setting.TOP_K);
      float topP = get(Setting.TOP_P);
      float minP = get(Setting.MIN_P);
      float typicalP = get(Setting.TYPICAL_P);
      float topNSigma = get(Setting.TOP_N_SIGMA);
      int repeatLastN = get(Setting.REPEAT_LAST_N);
      float repeatPenalty = get(Setting.REPEAT_PENALTY);
      float frequencyPenalty = get(Setting.FREQUENCY_PENALTY);
      float presencePenalty = get(Setting.PRESENCE_PENALTY);
      int minKeep = get(Setting.MIN_KEEP);
      Sampler.@Nullable Xtc xtc = find(Setting.XTC);
      Sampler.@Nullable Dry dry = find(Setting.DRY);
      Map<SamplerStage, Sampler> stages = new EnumMap<>(SamplerStage.class);
      Sampler penalties = new Sampler.Penalties(repeatLastN, repeatPenalty, frequencyPenalty, presencePenalty);
      if (repeatLastN > 0 && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0)) {
        stages.put(SamplerStage.PENALTIES, penalties);
      }
      if (dry != null && dry.multiplier() > 0) {
        stages.put(SamplerStage.DRY, dry);
      }
      Checks.inRange("sampling.topNSigma", topNSigma, 0, Float.MAX_VALUE);
      if (topNSigma > 0) {
        stages.put(SamplerStage.TOP_N_SIGMA, new Sampler.TopNSigma(topNSigma));
      }
      Checks.inRange("sampling.topK", topK, 0, Integer.MAX_VALUE);
      if (topK > 0) {
        stages.put(SamplerStage.TOP_K, new Sampler.TopK(topK));
      }
      Sampler typical = new Sampler.Typical(typicalP, minKeep);
      if (typicalP < 1) {
        stages.put(SamplerStage.TYPICAL_P, typical);
      }
      Sampler nucleus = new Sampler.TopP(topP, minKeep);
      if (topP < 1) {
        stages.put(SamplerStage.TOP_P, nucleus);
      }
      Sampler minimum = new Sampler.MinP(minP, minKeep);
      if (minP > 0) {
        stages.put(SamplerStage.MIN_P, minimum);
      }
      if (xtc != null && xtc.probability() > 0) {
        stages.put(SamplerStage.XTC, xtc);
      }
      stages.put(SamplerStage.TEMPERATURE, temperatureStage());
      stages.put(SamplerStage.INFILL, new Sampler.Infill());
      return stages;
    }

    private Sampler temperatureStage() {
      float temperature = get(Setting.TEMPERATURE);
      float temperatureRange = get(Setting.TEMPERATURE_RANGE);
      float temperatureExponent = get(Setting.TEMPERATURE_EXPONENT);
      Sampler.@Nullable DynamicTemperature dynamicTemperature = find(Setting.DYNAMIC_TEMPERATURE);
      Sampler plain = new Sampler.Temperature(temperature);
      Sampler ranged = new Sampler.DynamicTemperature(temperature, temperatureRange, temperatureExponent);
      if (dynamicTemperature != null) {
        return dynamicTemperature;
      }
      return temperatureRange > 0 ? ranged : plain;
    }
  }
}
