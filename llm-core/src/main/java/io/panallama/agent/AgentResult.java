package io.panallama.agent;

import io.panallama.chat.ChatMessage;
import io.panallama.generation.Completion;
import io.panallama.generation.Usage;
import java.util.List;

/**
 * A run that came to its end.
 *
 * @param answer the answer of the last generation
 * @param messages the whole conversation, from the request's first message to the answer. Each call in it has a result, so it can
 *     go on with a further message of the user, whatever the reason
 * @param rounds how many generations there were
 * @param calls how many tools were called
 * @param usage the tokens of all generations together
 */
public record AgentResult(
    Reason reason, Completion answer, List<ChatMessage> messages, int rounds, int calls, Usage usage) {
  /** Why a run ended. */
  public enum Reason {
    /** The model answered without asking for a call. */
    ANSWERED,
    /** The last answer was cut off by the limit of its tokens, or because the context is full. */
    CUT_OFF,
    /** The conversation with the results no longer fits into the context. */
    CONTEXT_FULL,
    /** {@link AgentConfig#maxRounds} was reached, and the model still asked for calls. */
    ROUND_LIMIT,
    /** The model asked for more calls than {@link AgentConfig#maxCalls}. */
    CALL_LIMIT,
    /** {@link AgentConfig#timeLimit}, or a time limit of the request, passed. */
    TIME_LIMIT,
    /** The run was cancelled. */
    CANCELLED
  }

  public AgentResult {
    messages = List.copyOf(messages);
  }

  /** The text of the answer; empty if the last generation only asked for calls. */
  public String text() {
    return answer.text();
  }
}
