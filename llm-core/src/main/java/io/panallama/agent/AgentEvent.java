package io.panallama.agent;

import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import java.time.Duration;

/** An event of a run: rounds of text and reasoning, the calls that a round ended with, then exactly one {@link Finished}. */
public sealed interface AgentEvent {
  /** The next piece of the model's text, including text before a call of the same round. */
  record Text(String text) implements AgentEvent {}

  /** The next piece of the model's thinking. */
  record Reasoning(String text) implements AgentEvent {}

  /**
   * A generation ended.
   *
   * @param round 1 for the first
   * @param answer the whole answer, with the calls that it asks for
   */
  record RoundFinished(int round, Completion answer) implements AgentEvent {}

  /** A tool is called. */
  record CallStarted(ToolCall call) implements AgentEvent {}

  /** A call has its outcome, which the model will be told in the next round. */
  record CallFinished(ToolCall call, ToolOutcome outcome, Duration duration) implements AgentEvent {}

  /** The end of the run. */
  record Finished(AgentResult result) implements AgentEvent {}
}
