package io.panallama.sampling;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is chosen: a chain of samplers, applied in order, and a seed.
 *
 * <p>With the same seed, chain, prompt and batch composition the output is the same, also in another process on the same
 * machine. The composition of the batch can change the last bits of the logits, because llama.cpp takes other kernels for
 * other batch sizes: a draw that lies within that of the border between two tokens may then go the other way.
 *
 * @param chain the stages; the last one, and no other, is {@link Sampler.Selecting}
 * @param seed unsigned 32-bit seed of the random stages, or {@link #RANDOM_SEED}
 */
public record Sampling(List<Sampler> chain, long seed) {
  /** Asks for a fresh seed per generation. Its value is llama.h's {@code LLAMA_DEFAULT_SEED}. */
  public static final long RANDOM_SEED = 0xFFFF_FFFFL;

  private static final Sampling GREEDY = new Sampling(List.of(new Sampler.Greedy()), RANDOM_SEED);

  /**
   * @throws InvalidRequestException if the chain does not end in exactly one selecting sampler, or the seed is not an
   *     unsigned 32-bit number
   */
  public Sampling {
    chain = List.copyOf(chain);
    long selecting = chain.stream().filter(Sampler.Selecting.class::isInstance).count();
    if (selecting != 1 || !(chain.getLast() instanceof Sampler.Selecting)) {
      throw new InvalidRequestException(
          "samplers", "A sampling chain must end in its only selecting sampler (greedy, dist, mirostat, adaptive-p).");
    }
    if (seed < 0 || seed > 0xFFFF_FFFFL) {
      throw new InvalidRequestException("seed", "seed is " + seed + "; it must be 0 to 4294967295.");
    }
  }

  /** Always the likeliest token. */
  public static Sampling greedy() {
    return GREEDY;
  }

  /** llama.cpp's defaults: top-k 40, top-p 0.95, min-p 0.05, temperature 0.8, a fresh seed. */
  public static Sampling defaults() {
    return builder().build();
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Puts the usual stages together: grammar, banned texts, logit bias, no end, then penalties, DRY, top-n-sigma, top-k,
   * typical, top-p, min-p, XTC, temperature unless {@link #order} says otherwise, then the draw. A stage whose value turns it
   * off is left out. For anything else build the {@linkplain Sampling#Sampling chain} itself.
   *
   * <p>Not safe for use by several threads.
   */
  public static final class Builder {
    private float temperature = 0.8f;
    private int topK = 40;
    private float topP = 0.95f;
    private float minP = 0.05f;
    private float typicalP = 1;
    private float topNSigma;
    private int repeatLastN = 64;
    private float repeatPenalty = 1;
    private float frequencyPenalty;
    private float presencePenalty;
    private long seed = RANDOM_SEED;
    private Map<Integer, Float> logitBias = Map.of();
    private Set<Integer> bannedTokens = Set.of();
    private List<String> bannedTexts = List.of();
    private boolean ignoreEnd;
    private int minKeep = 1;
    private List<SamplerStage> order = SamplerStage.USUAL;
    private float temperatureRange;
    private float temperatureExponent = 1;
    private Sampler.@Nullable Xtc xtc;
    private Sampler.@Nullable Dry dry;
    private @Nullable Sampler grammar;
    private Sampler.@Nullable DynamicTemperature dynamicTemperature;
    private Sampler.@Nullable Selecting selecting;

    private Builder() {}

    /** 0 or more; 0 is greedy. */
    public Builder temperature(float value) {
      this.temperature = value;
      return this;
    }

    /** 0 or more; 0 turns it off. */
    public Builder topK(int value) {
      this.topK = value;
      return this;
    }

    /** 0 to 1; 1 turns it off. */
    public Builder topP(float value) {
      this.topP = value;
      return this;
    }

    /** 0 to 1; 0 turns it off. */
    public Builder minP(float value) {
      this.minP = value;
      return this;
    }

    /** 0 to 1; 1 turns it off. */
    public Builder typicalP(float value) {
      this.typicalP = value;
      return this;
    }

    /** 0 or more; 0 turns it off. */
    public Builder topNSigma(float value) {
      this.topNSigma = value;
      return this;
    }

    /** How many of the last tokens the penalties see. */
    public Builder repeatLastN(int value) {
      this.repeatLastN = value;
      return this;
    }

    /** Larger than 0; 1 turns it off. */
    public Builder repeatPenalty(float value) {
      this.repeatPenalty = value;
      return this;
    }

    /** 0 turns it off. */
    public Builder frequencyPenalty(float value) {
      this.frequencyPenalty = value;
      return this;
    }

    /** 0 turns it off. */
    public Builder presencePenalty(float value) {
      this.presencePenalty = value;
      return this;
    }

    /** Unsigned 32 bits. */
    public Builder seed(long value) {
      this.seed = value;
      return this;
    }

    public Builder logitBias(Map<Integer, Float> value) {
      this.logitBias = value;
      return this;
    }

    /** Ids of tokens that must not come, whatever the {@link #logitBias} says of them. */
    public Builder banTokens(Collection<Integer> value) {
      this.bannedTokens = Set.copyOf(value);
      return this;
    }

    /** Texts that must not appear in the output; see {@link Sampler.BannedTexts}. */
    public Builder banTexts(List<String> value) {
      this.bannedTexts = List.copyOf(value);
      return this;
    }

    /** The fewest candidates that top-p, min-p and typical leave, 0 or more. */
    public Builder minKeep(int value) {
      this.minKeep = value;
      return this;
    }

    /**
     * The stages in the order in which they apply. One that is not named is not used; one that is named twice applies twice.
     */
    public Builder order(List<SamplerStage> value) {
      this.order = List.copyOf(value);
      return this;
    }

    /**
     * Makes the {@link #temperature} dynamic; see {@link Sampler.DynamicTemperature}.
     *
     * @param range how far from it, 0 or more; 0 turns it off
     * @param exponent larger than 0
     */
    public Builder temperatureRange(float range, float exponent) {
      this.temperatureRange = range;
      this.temperatureExponent = exponent;
      return this;
    }

    /** Whether tokens that would end the generation are forbidden; see {@link Sampler.NoEnd}. */
    public Builder ignoreEnd(boolean value) {
      this.ignoreEnd = value;
      return this;
    }

    public Builder xtc(Sampler.Xtc value) {
      this.xtc = value;
      return this;
    }

    public Builder dry(Sampler.Dry value) {
      this.dry = value;
      return this;
    }

    public Builder grammar(Sampler.Grammar value) {
      this.grammar = value;
      return this;
    }

    public Builder grammar(Sampler.LazyGrammar value) {
      this.grammar = value;
      return this;
    }

    /** Takes the place of {@link #temperature}. */
    public Builder dynamicTemperature(Sampler.DynamicTemperature value) {
      this.dynamicTemperature = value;
      return this;
    }

    /** Chooses the token instead of a draw; mirostat replaces the truncating stages, as in llama.cpp. */
    public Builder selecting(Sampler.Selecting value) {
      this.selecting = value;
      return this;
    }

    /**
     * @throws InvalidRequestException if a value is out of its range
     */
    public Sampling build() {
      List<Sampler> chain = new ArrayList<>();
      if (grammar != null) {
        chain.add(grammar);
      }
      if (!bannedTexts.isEmpty()) {
        chain.add(new Sampler.BannedTexts(bannedTexts));
      }
      Map<Integer, Float> bias = new HashMap<>(logitBias);
      bannedTokens.forEach(token -> bias.put(token, Float.NEGATIVE_INFINITY));
      if (!bias.isEmpty()) {
        chain.add(new Sampler.LogitBias(bias));
      }
      if (ignoreEnd) {
        chain.add(new Sampler.NoEnd());
      }
      Map<SamplerStage, Sampler> stages = stages();
      boolean mirostat = selecting instanceof Sampler.Mirostat || selecting instanceof Sampler.MirostatV2;
      boolean greedy = isGreedy();
      for (SamplerStage stage : order) {
        Sampler sampler = stages.get(stage);
        boolean wanted = stage.looksBack() || !greedy && (!mirostat || stage == SamplerStage.TEMPERATURE);
        if (sampler != null && wanted) {
          chain.add(sampler);
        }
      }
      chain.add(greedy ? new Sampler.Greedy() : selecting == null ? new Sampler.Dist() : selecting);
      return new Sampling(chain, seed);
    }

    private boolean isGreedy() {
      return temperature == 0
          && temperatureRange == 0
          && dynamicTemperature == null
          && selecting == null
          && order.contains(SamplerStage.TEMPERATURE);
    }

    /** Those that do something. A value out of range is refused even where its stage would not be used. */
    private Map<SamplerStage, Sampler> stages() {
      Map<SamplerStage, Sampler> stages = new EnumMap<>(SamplerStage.class);
      Sampler penalties = new Sampler.Penalties(repeatLastN, repeatPenalty, frequencyPenalty, presencePenalty);
      if (repeatLastN > 0 && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0)) {
        stages.put(SamplerStage.PENALTIES, penalties);
      }
      if (dry != null && dry.multiplier() > 0) {
        stages.put(SamplerStage.DRY, dry);
      }
      Checks.inRange("top_n_sigma", topNSigma, 0, Float.MAX_VALUE);
      if (topNSigma > 0) {
        stages.put(SamplerStage.TOP_N_SIGMA, new Sampler.TopNSigma(topNSigma));
      }
      Checks.inRange("top_k", topK, 0, Integer.MAX_VALUE);
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
      Sampler plain = new Sampler.Temperature(temperature);
      Sampler ranged = new Sampler.DynamicTemperature(temperature, temperatureRange, temperatureExponent);
      if (dynamicTemperature != null) {
        return dynamicTemperature;
      }
      return temperatureRange > 0 ? ranged : plain;
    }
  }
}
