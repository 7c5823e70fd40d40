package io.panallama.sampling;

import java.util.List;

/** The stages whose order {@link Sampling.Builder#order} sets. */
public enum SamplerStage {
  /** {@link Sampler.Penalties}. */
  PENALTIES,
  /** {@link Sampler.Dry}. */
  DRY,
  /** {@link Sampler.TopNSigma}. */
  TOP_N_SIGMA,
  /** {@link Sampler.TopK}. */
  TOP_K,
  /** {@link Sampler.Typical}. */
  TYPICAL_P,
  /** {@link Sampler.TopP}. */
  TOP_P,
  /** {@link Sampler.MinP}. */
  MIN_P,
  /** {@link Sampler.Xtc}. */
  XTC,
  /** {@link Sampler.Temperature} or {@link Sampler.DynamicTemperature}. */
  TEMPERATURE,
  /** {@link Sampler.Infill}. */
  INFILL;

  /** llama.cpp's usual order ({@code common_params_sampling::samplers}). */
  public static final List<SamplerStage> USUAL =
      List.of(PENALTIES, DRY, TOP_N_SIGMA, TOP_K, TYPICAL_P, TOP_P, MIN_P, XTC, TEMPERATURE);

  /** Whether it changes logits because of earlier tokens rather than because of the current distribution. */
  boolean looksBack() {
    return this == PENALTIES || this == DRY;
  }
}
