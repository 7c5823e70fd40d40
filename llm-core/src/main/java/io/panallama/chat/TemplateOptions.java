package io.panallama.chat;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a conversation is rendered and the answer read.
 *
 * @param reasoning what becomes of the model's thinking
 * @param thinking whether the model is to think; null leaves it on where the template has a switch for it
 * @param arguments further variables of the template: name to JSON value, such as {@code "reasoning_effort"} to {@code
 *     "\"low\""}. {@code "preserve_reasoning"} is true unless it is given: templates that can keep the reasoning of earlier
 *     turns in the prompt do
 * @param turn whether the answer is a new turn or goes on with the last message
 * @param budget how much the model may think; null for no limit. A request whose template has no tags around the thinking
 *     is refused then
 */
public record TemplateOptions(
    ReasoningFormat reasoning,
    @Nullable Boolean thinking,
    Map<String, String> arguments,
    Turn turn,
    @Nullable ReasoningBudget budget) {
  /** Where the answer begins. */
  public enum Turn {
    /** With a new message of the assistant. */
    NEW,
    /** Nowhere: the prompt ends with the last message. For looking at a template. */
    OPEN,
    /** In the last message, which is the assistant's: in its text, or in its reasoning where it has nothing else. */
    CONTINUED,
    /** In the text of the last message. */
    CONTINUED_TEXT,
    /** In the reasoning of the last message. */
    CONTINUED_REASONING
  }

  private static final TemplateOptions DEFAULTS =
      new TemplateOptions(ReasoningFormat.AUTO, null, Map.of(), Turn.NEW, null);

  public TemplateOptions {
    Objects.requireNonNull(reasoning, "reasoning");
    Objects.requireNonNull(turn, "turn");
    arguments = Map.copyOf(arguments);
  }

  /** Reasoning apart from the text, thinking as the template has it, a new turn. */
  public static TemplateOptions defaults() {
    return DEFAULTS;
  }

  public TemplateOptions withReasoning(ReasoningFormat newReasoning) {
    return new TemplateOptions(newReasoning, thinking, arguments, turn, budget);
  }

  public TemplateOptions withThinking(@Nullable Boolean newThinking) {
    return new TemplateOptions(reasoning, newThinking, arguments, turn, budget);
  }

  public TemplateOptions withArguments(Map<String, String> newArguments) {
    return new TemplateOptions(reasoning, thinking, newArguments, turn, budget);
  }

  public TemplateOptions withTurn(Turn newTurn) {
    return new TemplateOptions(reasoning, thinking, arguments, newTurn, budget);
  }

  public TemplateOptions withBudget(@Nullable ReasoningBudget newBudget) {
    return new TemplateOptions(reasoning, thinking, arguments, turn, newBudget);
  }
}
