package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.TemplateOptions;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationOptions;
import io.panallama.request.StopConditions;
import io.panallama.request.StreamFlush;
import io.panallama.server.dialect.ApiException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fields beyond OpenAI's: when a generation ends, how long the model may think, and how a stream is cut into pieces. */
public final class ControlFields {
  private static final String BUDGET = "reasoning_budget_tokens";

  /** llama-server's older name. */
  private static final String BUDGET_ALIAS = "thinking_budget_tokens";

  private static final String MESSAGE = "reasoning_budget_message";

  /** llama-server's value for "no limit". */
  private static final int NO_LIMIT = -1;

  private ControlFields() {}

  /**
   * {@code options} with the fields about the end of the answer and its pieces.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  public static GenerationOptions read(JsonFields body, GenerationOptions options) {
    StopConditions stop = options.stop();
    Integer minTokens = body.integer("min_tokens", IntegerRange.atLeast(0));
    if (minTokens != null) {
      stop = stop.toBuilder().minTokens(minTokens).build();
    }
    JsonNode ids = body.any("stop_token_ids");
    if (ids != null) {
      stop = stop.toBuilder().tokens(Set.copyOf(SamplingFields.tokenIds("stop_token_ids", ids))).build();
    }
    return options.toBuilder().stop(stop).flush(flush(body)).build();
  }

  private static StreamFlush flush(JsonFields body) {
    String flush = body.choice("stream_flush", List.of("token", "word", "sentence"));
    return switch (flush == null ? "token" : flush) {
      case "word" -> StreamFlush.WORD;
      case "sentence" -> StreamFlush.SENTENCE;
      default -> StreamFlush.TOKEN;
    };
  }

  /**
   * {@code options} with the reasoning budget.
   *
   * @throws ApiException if its two names contradict each other, or a message has no budget
   */
  public static TemplateOptions readBudget(JsonFields body, TemplateOptions options) {
    Integer tokens = limit(body);
    String message = body.string(MESSAGE);
    if (tokens == null || tokens == NO_LIMIT) {
      if (message != null && !message.isEmpty()) {
        throw ApiException.invalid(MESSAGE, MESSAGE + " is only allowed together with " + BUDGET + ".");
      }
      return options;
    }
    return options.toBuilder().budget(ReasoningBudget.of(tokens, message == null ? "" : message)).build();
  }

  private static @Nullable Integer limit(JsonFields body) {
    Integer tokens = body.integer(BUDGET, IntegerRange.REASONING_BUDGET);
    Integer alias = body.integer(BUDGET_ALIAS, IntegerRange.REASONING_BUDGET);
    if (tokens != null && alias != null && !tokens.equals(alias)) {
      throw ApiException.invalid(
          BUDGET_ALIAS, BUDGET + " and " + BUDGET_ALIAS + " contradict each other; give one of them.");
    }
    return tokens == null ? alias : tokens;
  }
}
