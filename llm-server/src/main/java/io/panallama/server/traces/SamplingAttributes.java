package io.panallama.server.traces;

import io.opentelemetry.api.trace.Span;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;

/** How a request wants tokens to be chosen, the model's defaults included. */
final class SamplingAttributes {
  private SamplingAttributes() {}

  static void of(GenerationOptions options, Span span) {
    if (options.maxTokens() != GenerationOptions.UNLIMITED) {
      span.setAttribute(SpanNames.MAX_TOKENS, (long) options.maxTokens());
    }
    Sampling sampling = options.sampling();
    if (sampling.seed() != Sampling.RANDOM_SEED) {
      span.setAttribute(SpanNames.SEED, sampling.seed());
    }
    for (Sampler sampler : sampling.chain()) {
      of(sampler, span);
    }
  }

  private static void of(Sampler sampler, Span span) {
    switch (sampler) {
      case Sampler.Greedy() -> span.setAttribute(SpanNames.TEMPERATURE, 0.0);
      case Sampler.Temperature temperature -> span.setAttribute(SpanNames.TEMPERATURE, decimal(temperature.t()));
      case Sampler.DynamicTemperature dynamic -> span.setAttribute(SpanNames.TEMPERATURE, decimal(dynamic.t()));
      case Sampler.TopP topP -> span.setAttribute(SpanNames.TOP_P, decimal(topP.p()));
      case Sampler.TopK topK -> span.setAttribute(SpanNames.TOP_K, (double) topK.k());
      case Sampler.Penalties penalties -> {
        span.setAttribute(SpanNames.FREQUENCY_PENALTY, decimal(penalties.frequency()));
        span.setAttribute(SpanNames.PRESENCE_PENALTY, decimal(penalties.presence()));
      }
      default -> {}
    }
  }

  /** The number as it was written: 0.7 and not 0.699999988079071. */
  private static double decimal(float value) {
    return Double.parseDouble(Float.toString(value));
  }
}
