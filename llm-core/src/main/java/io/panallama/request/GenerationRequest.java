package io.panallama.request;

import io.panallama.sampling.Sampling;

/** What to generate from, and how. Immutable and reusable; each call of {@link io.panallama.Generator#generate Generator.generate} starts a new generation. */
public sealed interface GenerationRequest permits ChatRequest, CompletionRequest, InfillRequest {
  /** Limits, sampling and stops. */
  GenerationOptions options();

  /** The same with other options. */
  GenerationRequest with(GenerationOptions newOptions);

  /**
   * This request for one of several answers to it. Choice 0 has the request's own seed, each further one the next seed; with {@link Sampling#RANDOM_SEED} each has a fresh one.
   *
   * @param choice 0 or more
   */
  default GenerationRequest forChoice(int choice) {
    Sampling sampling = options().sampling();
    if (choice == 0 || sampling.seed() == Sampling.RANDOM_SEED) {
      return this;
    }
    // RANDOM_SEED is the largest 32-bit number: the seeds wrap around below it.
    long seed = (sampling.seed() + choice) % Sampling.RANDOM_SEED;
    return with(options().toBuilder().sampling(sampling.toBuilder().seed(seed).build()).build());
  }
}
