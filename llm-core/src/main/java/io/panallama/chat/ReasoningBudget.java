package io.panallama.chat;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.Objects;

/**
 * A limit of what a model thinks before it answers. When it is spent, the message and the template's tag for the end of the
 * thinking are put into the output as if the model had said them. A model that thinks several times in an answer has as much
 * each time.
 *
 * @param tokens the most tokens of thinking, 0 or more, without the tags and the message; a character that is begun is
 *     ended first
 * @param message what the model is made to say before the tag, such as {@code "\n\nI have to answer now.\n"}; empty for
 *     nothing. At most {@link #MAX_MESSAGE_LENGTH} chars. Special tokens in it are text
 */
public record ReasoningBudget(int tokens, String message) {
  /** The most chars of a message. */
  public static final int MAX_MESSAGE_LENGTH = 4096;

  /**
   * @throws InvalidRequestException if a value is out of its range
   */
  public ReasoningBudget {
    Objects.requireNonNull(message, "message");
    Checks.inRange("reasoning_budget_tokens", tokens, 0, Integer.MAX_VALUE);
    Checks.inRange("the length of reasoning_budget_message", message.length(), 0, MAX_MESSAGE_LENGTH);
  }

  /** Without a message. */
  public static ReasoningBudget of(int tokens) {
    return new ReasoningBudget(tokens, "");
  }
}
