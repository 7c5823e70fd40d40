package io.panallama.server.dialect.openai;

import io.panallama.generation.FinishReason;
import java.util.Optional;

/** Which limit ended an answer. OpenAI's {@code finish_reason} is {@code length} for all of them. */
final class FinishDetail {
  /** The name of the field next to {@code finish_reason}. */
  static final String FIELD = "finish_detail";

  private FinishDetail() {}

  /** The value of the field; empty if no limit was reached. */
  static Optional<String> of(FinishReason reason) {
    return switch (reason) {
      case LENGTH -> Optional.of("max_tokens");
      case CONTEXT_FULL -> Optional.of("context_full");
      case TIME_LIMIT -> Optional.of("time_limit");
      case STOP, STOP_TEXT, TOOL_CALLS, CANCELLED -> Optional.empty();
    };
  }
}
