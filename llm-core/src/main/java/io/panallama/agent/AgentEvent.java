package io.panallama.agent;

import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import java.time.Duration;

/** An event of a run: rounds of text and reasoning, the calls at the end of a round, then exactly one {@link Finished}. */
public sealed interface AgentEvent {
  /** The next piece of the model's text, including text before a call of the same round. */
  record Text(String text) implements AgentEvent {}

  /** The next piece of the model's thinking. */
  record Reasoning(String text) implements AgentEvent {}

  /**
   * Reports the end of a generation.
   *
   * @param round 1 for the first
   * @param answer the whole answer, with the calls that it requests
   */
  record RoundFinished(int round, Completion answer) implements AgentEvent {}

  /** Reports that a tool is being called. */
  record CallStarted(ToolCall call) implements AgentEvent {}

  /** Reports the outcome of a call, which the model is told in the next round. */
  record CallFinished(ToolCall call, ToolOutcome outcome, Duration duration) implements AgentEvent {}

  /** The end of the run. */
  record Finished(AgentResult result) implements AgentEvent {}
}
