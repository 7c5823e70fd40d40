package io.panallama.agent;

import io.panallama.chat.ChatMessage;
import io.panallama.generation.Completion;
import io.panallama.generation.Usage;
import java.util.List;

/**
 * The result of a run.
 *
 * @param answer the answer of the last generation
 * @param messages the whole conversation, from the request's first message to the answer. Each call in it has a result, so it can be continued with another user message, whatever the reason
 * @param rounds number of generations
 * @param calls number of tool calls
 * @param usage total token usage of all generations
 */
public record AgentResult(
    Reason reason, Completion answer, List<ChatMessage> messages, int rounds, int calls, Usage usage) {
  /** Why a run ended. */
  public enum Reason {
    /** The model answered without requesting a call. */
    ANSWERED,
    /** The last answer was cut off by its token limit, or because the context is full. */
    CUT_OFF,
    /** The conversation with the results no longer fits into the context. */
    CONTEXT_FULL,
    /** {@link AgentConfig#maxRounds} was reached while the model still requested calls. */
    ROUND_LIMIT,
    /** The model requested more calls than {@link AgentConfig#maxCalls}. */
    CALL_LIMIT,
    /** {@link AgentConfig#timeLimit} or a time limit of the request has passed. */
    TIME_LIMIT,
    /** The run was cancelled. */
    CANCELLED
  }

  public AgentResult {
    messages = List.copyOf(messages);
  }

  /** The text of the answer; empty if the last generation only requested calls. */
  public String text() {
    return answer.text();
  }
}
