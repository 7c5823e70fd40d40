package io.panallama.server.dialect.fields;

import io.panallama.error.InvalidRequestException;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.ApiException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The fields that decide how a generation is scheduled and limited; OpenAI has none of them. */
final class ServiceFields {
  private static final String TIME_LIMIT = "time_limit_ms";
  private static final String OVERFLOW = "context_overflow";

  /** llama-server's name. */
  private static final String KEEP = "n_keep";

  private ServiceFields() {}

  /**
   * {@code options} with the fields about priority and time.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static GenerationOptions read(JsonFields body, GenerationOptions options) {
    GenerationOptions read = options;
    Integer priority = body.integer("priority", IntegerRange.of(0, GenerationOptions.MAX_PRIORITY));
    if (priority != null) {
      read = read.toBuilder().priority(priority).build();
    }
    Long millis = body.nearestLong(TIME_LIMIT);
    if (millis != null) {
      if (millis < 1) {
        throw ApiException.invalid(
            TIME_LIMIT, TIME_LIMIT + " is " + body.shown(TIME_LIMIT) + "; it must be at least 1.");
      }
      read = read.toBuilder().timeLimit(Duration.ofMillis(millis)).build();
    }
    return read;
  }

  /**
   * What happens when the context is full; null if the body does not say.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static @Nullable ContextOverflow overflow(JsonFields body) {
    String policy = body.choice(OVERFLOW, List.of("reject", "stop", "shift"));
    if ("shift".equals(policy)) {
      Integer keep = body.integer(KEEP, IntegerRange.atLeast(0));
      return new ContextOverflow.Shift(keep == null ? 0 : keep);
    }
    Integer keep = body.nearestInteger(KEEP);
    if (keep != null && keep != 0 && keep != -1) {
      body.ignored().unsupported(KEEP, KEEP + " is only allowed when " + OVERFLOW + " is \"shift\".");
    }
    if (policy == null) {
      return null;
    }
    return policy.equals("stop") ? new ContextOverflow.Stop() : new ContextOverflow.Reject();
  }
}
