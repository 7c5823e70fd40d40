package io.panallama;

/** A generation read to its end. */
public record Completion(String text, FinishReason reason, Usage usage, Timings timings) {}
