package io.panallama.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How rotary position embeddings (RoPE) are scaled, so that a model can process more tokens than it was trained for. By default every value is the model's own. A value that does not suit the model lowers the quality without any error. Immutable and thread-safe.
 *
 * <p>Prefixes that were saved with other values are not reused: their keys were rotated differently.
 */
public final class RopeScaling {
  /** Uses the model's own frequency. */
  public static final float FROM_MODEL = 0;

  /** Uses the model's own YaRN value. */
  public static final float YARN_FROM_MODEL = -1;

  private static final RopeScaling DEFAULTS = new Builder().build();

  private final Type type;
  private final float frequencyBase;
  private final float frequencyScale;
  private final float yarnExtrapolation;
  private final float yarnAttention;
  private final float yarnBetaFast;
  private final float yarnBetaSlow;
  private final int yarnOriginalContext;

  private RopeScaling(Builder from) {
    type = from.type;
    frequencyBase = from.frequencyBase;
    frequencyScale = from.frequencyScale;
    yarnExtrapolation = from.yarnExtrapolation;
    yarnAttention = from.yarnAttention;
    yarnBetaFast = from.yarnBetaFast;
    yarnBetaSlow = from.yarnBetaSlow;
    yarnOriginalContext = from.yarnOriginalContext;
    ConfigChecks.positiveOr("rope.frequencyBase", frequencyBase, FROM_MODEL);
    ConfigChecks.positiveOr("rope.frequencyScale", frequencyScale, FROM_MODEL);
    ConfigChecks.notNegativeOr("rope.yarnExtrapolation", yarnExtrapolation, YARN_FROM_MODEL);
    ConfigChecks.notNegativeOr("rope.yarnAttention", yarnAttention, YARN_FROM_MODEL);
    ConfigChecks.notNegativeOr("rope.yarnBetaFast", yarnBetaFast, YARN_FROM_MODEL);
    ConfigChecks.notNegativeOr("rope.yarnBetaSlow", yarnBetaSlow, YARN_FROM_MODEL);
    ConfigChecks.inRange("rope.yarnOriginalContext", yarnOriginalContext, 0, Integer.MAX_VALUE);
  }

  /** All values as the model has them. */
  public static RopeScaling defaults() {
    return DEFAULTS;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /**
   * Returns how many tokens a model can process with this scaling.
   *
   * @param trained number of tokens that it was trained for; 0 if unknown
   * @return {@code trained} if nothing is scaled; 0 (unknown) with another {@link #frequencyBase}, whose effect no formula gives; otherwise the trained or {@linkplain #yarnOriginalContext original} number of tokens divided by {@link #frequencyScale}
   */
  public int contextSize(int trained) {
    if (trained <= 0 || type == Type.NONE) {
      return trained;
    }
    if (frequencyBase != FROM_MODEL) {
      return 0;
    }
    if (frequencyScale == FROM_MODEL || frequencyScale >= 1) {
      return trained;
    }
    int original = type == Type.YARN && yarnOriginalContext > 0 ? yarnOriginalContext : trained;
    return (int) Math.min(Integer.MAX_VALUE, original / (double) frequencyScale);
  }

  /** The method (llama.cpp: {@code rope_scaling_type}); {@link Type#MODEL} by default. */
  public Type type() {
    return type;
  }

  /**
   * The base of the rotation frequencies (llama.cpp: {@code rope_freq_base}), larger than 0; {@link #FROM_MODEL}, the default, uses the model's.
   */
  public float frequencyBase() {
    return frequencyBase;
  }

  /**
   * The factor applied to the frequencies (llama.cpp: {@code rope_freq_scale}), larger than 0: one half makes room for twice as many tokens. {@link #FROM_MODEL}, the default, uses the model's.
   */
  public float frequencyScale() {
    return frequencyScale;
  }

  /**
   * YaRN: how far frequencies are extrapolated instead of interpolated (llama.cpp: {@code yarn_ext_factor}), 0 or more; 0 only interpolates. {@link #YARN_FROM_MODEL}, the default, uses the model's value, or 1 with {@link Type#YARN}.
   */
  public float yarnExtrapolation() {
    return yarnExtrapolation;
  }

  /**
   * YaRN: the factor for the attention's magnitude (llama.cpp: {@code yarn_attn_factor}), 0 or more. llama.cpp derives it unless {@link #yarnExtrapolation} is 0. {@link #YARN_FROM_MODEL} is the default.
   */
  public float yarnAttention() {
    return yarnAttention;
  }

  /**
   * YaRN: rotations over the original context above which a dimension is extrapolated (llama.cpp: {@code yarn_beta_fast}), 0 or
   * more. {@link #YARN_FROM_MODEL} is the default.
   */
  public float yarnBetaFast() {
    return yarnBetaFast;
  }

  /**
   * YaRN: rotations over the original context below which a dimension is interpolated (llama.cpp: {@code yarn_beta_slow}), 0 or
   * more. {@link #YARN_FROM_MODEL} is the default.
   */
  public float yarnBetaSlow() {
    return yarnBetaSlow;
  }

  /**
   * YaRN: the number of tokens that the model was trained for before it was scaled (llama.cpp: {@code yarn_orig_ctx}); 0, the default, uses the model's.
   */
  public int yarnOriginalContext() {
    return yarnOriginalContext;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RopeScaling that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "RopeScaling" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("type", type);
    all.put("frequencyBase", frequencyBase);
    all.put("frequencyScale", frequencyScale);
    all.put("yarnExtrapolation", yarnExtrapolation);
    all.put("yarnAttention", yarnAttention);
    all.put("yarnBetaFast", yarnBetaFast);
    all.put("yarnBetaSlow", yarnBetaSlow);
    all.put("yarnOriginalContext", yarnOriginalContext);
    return all;
  }

  /** Collects the components of a {@link RopeScaling}. Not thread-safe. */
  public static final class Builder {
    private Type type = Type.MODEL;
    private float frequencyBase = FROM_MODEL;
    private float frequencyScale = FROM_MODEL;
    private float yarnExtrapolation = YARN_FROM_MODEL;
    private float yarnAttention = YARN_FROM_MODEL;
    private float yarnBetaFast = YARN_FROM_MODEL;
    private float yarnBetaSlow = YARN_FROM_MODEL;
    private int yarnOriginalContext;

    private Builder() {}

    private Builder(RopeScaling from) {
      type = from.type;
      frequencyBase = from.frequencyBase;
      frequencyScale = from.frequencyScale;
      yarnExtrapolation = from.yarnExtrapolation;
      yarnAttention = from.yarnAttention;
      yarnBetaFast = from.yarnBetaFast;
      yarnBetaSlow = from.yarnBetaSlow;
      yarnOriginalContext = from.yarnOriginalContext;
    }

    /** Sets {@link RopeScaling#type()}. */
    public Builder type(Type value) {
      type = Objects.requireNonNull(value, "type");
      return this;
    }

    /** Sets {@link RopeScaling#frequencyBase()}. */
    public Builder frequencyBase(float value) {
      frequencyBase = value;
      return this;
    }

    /** Sets {@link RopeScaling#frequencyScale()}. */
    public Builder frequencyScale(float value) {
      frequencyScale = value;
      return this;
    }

    /** Sets {@link RopeScaling#yarnExtrapolation()}. */
    public Builder yarnExtrapolation(float value) {
      yarnExtrapolation = value;
      return this;
    }

    /** Sets {@link RopeScaling#yarnAttention()}. */
    public Builder yarnAttention(float value) {
      yarnAttention = value;
      return this;
    }

    /** Sets {@link RopeScaling#yarnBetaFast()}. */
    public Builder yarnBetaFast(float value) {
      yarnBetaFast = value;
      return this;
    }

    /** Sets {@link RopeScaling#yarnBetaSlow()}. */
    public Builder yarnBetaSlow(float value) {
      yarnBetaSlow = value;
      return this;
    }

    /** Sets {@link RopeScaling#yarnOriginalContext()}. */
    public Builder yarnOriginalContext(int value) {
      yarnOriginalContext = value;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public RopeScaling build() {
      return new RopeScaling(this);
    }
  }

  /** The scaling methods. */
  public enum Type {
    /** The method in the model's metadata. */
    MODEL,
    /** No scaling, whatever the metadata says. */
    NONE,
    /** Positions are divided by a factor. */
    LINEAR,
    /** YaRN (Peng et al., arXiv 2309.00071): low frequencies are interpolated, high ones are left alone. */
    YARN,
    /** LongRoPE, for models whose file contains its factors. */
    LONGROPE
  }
}
