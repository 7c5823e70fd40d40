package io.panallama.cli;

import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;

/** Turns the sampling that a model recommends into a builder, so that a request's own values can be set over it. */
final class SamplingDefaults {
  private SamplingDefaults() {}

  /** A fresh builder that builds {@code recommended}, as far as the builder's usual order can express it. */
  static Sampling.Builder builder(Sampling recommended) {
    Sampling.Builder builder = Sampling.builder().temperature(1).topK(0).topP(1).minP(0).seed(recommended.seed());
    for (Sampler stage : recommended.chain()) {
      apply(stage, builder);
    }
    return builder;
  }

  private static void apply(Sampler stage, Sampling.Builder builder) {
    switch (stage) {
      case Sampler.Greedy _ -> builder.temperature(0);
      case Sampler.Temperature temperature -> builder.temperature(temperature.t());
      case Sampler.DynamicTemperature dynamic -> builder.dynamicTemperature(dynamic);
      case Sampler.TopK topK -> builder.topK(topK.k());
      case Sampler.TopP topP -> builder.topP(topP.p());
      case Sampler.MinP minP -> builder.minP(minP.p());
      case Sampler.Typical typical -> builder.typicalP(typical.p());
      case Sampler.TopNSigma sigma -> builder.topNSigma(sigma.n());
      case Sampler.Xtc xtc -> builder.xtc(xtc);
      case Sampler.Dry dry -> builder.dry(dry);
      case Sampler.LogitBias bias -> builder.logitBias(bias.bias());
      case Sampler.BannedTexts banned -> builder.banTexts(banned.texts());
      case Sampler.NoEnd _ -> builder.ignoreEnd(true);
      case Sampler.Penalties penalties ->
          builder
              .repeatLastN(penalties.lastN())
              .repeatPenalty(penalties.repeat())
              .frequencyPenalty(penalties.frequency())
              .presencePenalty(penalties.presence());
      case Sampler.Grammar grammar -> builder.grammar(grammar);
      case Sampler.LazyGrammar grammar -> builder.grammar(grammar);
      case Sampler.Mirostat mirostat -> builder.selecting(mirostat);
      case Sampler.MirostatV2 mirostat -> builder.selecting(mirostat);
      case Sampler.AdaptiveP adaptive -> builder.selecting(adaptive);
      case Sampler.Dist _, Sampler.Infill _ -> {}
    }
  }
}
