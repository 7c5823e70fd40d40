package io.panallama.server.metrics;

import io.panallama.generation.FinishReason;
import java.util.Locale;

/** How a generation ended, in our words and in vLLM's. */
enum Outcome {
  STOP("stop"),
  TOOL_CALLS("stop"),
  STOP_TEXT("stop"),
  LENGTH("length"),
  CONTEXT_FULL("length"),
  TIME_LIMIT("length"),
  CANCELLED("abort"),
  FAILED("error");

  private final String finishedReason;

  Outcome(String finishedReason) {
    this.finishedReason = finishedReason;
  }

  static Outcome of(FinishReason reason) {
    return switch (reason) {
      case STOP -> STOP;
      case TOOL_CALLS -> TOOL_CALLS;
      case STOP_TEXT -> STOP_TEXT;
      case LENGTH -> LENGTH;
      case CONTEXT_FULL -> CONTEXT_FULL;
      case TIME_LIMIT -> TIME_LIMIT;
      case CANCELLED -> CANCELLED;
    };
  }

  /** The label of our metrics. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** vLLM's label. */
  String finishedReason() {
    return finishedReason;
  }
}
