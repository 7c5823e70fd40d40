package io.panallama;

/** What to generate from, and how. Immutable and reusable; each {@link Generator#generate} starts a new generation. */
public sealed interface GenerationRequest permits ChatRequest, CompletionRequest, InfillRequest {
  /** Limits, sampling and stops. */
  GenerationOptions options();

  /** The same with other options. */
  GenerationRequest with(GenerationOptions newOptions);
}
