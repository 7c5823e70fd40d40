package io.panallama.generation;

import java.util.List;
import java.util.Objects;

/**
 * An event of a generation: the prompt's log-probabilities if the request asked for them, pieces of text, reasoning and tool
 * calls, then exactly one {@link Finished}.
 */
public sealed interface GenerationEvent {
  /**
   * The log-probabilities of the next tokens of the prompt, in order. Such events come before all others.
   *
   * @param tokens each with its log-probability given all tokens before it. Nothing comes before the first one of the prompt:
   *     its log-probability is NaN, and it has no alternatives.
   */
  record PromptLogprobs(List<TokenLogprobs> tokens) implements GenerationEvent {
    public PromptLogprobs {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * The next piece of text, always whole Unicode characters; the pieces concatenate to the output.
   *
   * @param text may be empty when {@code logprobs} is not: a token may end in the middle of a character, be withheld
   *     because it may begin a stop text, or belong to the markup around the text
   * @param logprobs the tokens whose text became known with this event, if the request asked for log-probabilities
   */
  record Text(String text, List<TokenLogprobs> logprobs) implements GenerationEvent {
    public Text {
      logprobs = List.copyOf(logprobs);
    }
  }

  /** The next piece of the model's thinking, if the request wants it separated from the text. */
  record Reasoning(String text) implements GenerationEvent {}

  /**
   * Announces a tool call. Calls come one after the other.
   *
   * <p>After {@link FinishReason#TOOL_CALLS} the arguments of every call are a complete JSON object. Any other end may
   * have cut the last call off: its pieces then are no call to make, and a {@link Completion} leaves it out.
   *
   * @param index 0 for the first call of the answer
   */
  record ToolCallStarted(int index, String id, String name) implements GenerationEvent {}

  /** The next piece of the arguments of a call; the pieces of one call concatenate to a JSON object,
   * unless the answer was cut off. */
  record ToolCallArguments(int index, String json) implements GenerationEvent {}

  /**
   * The end of the generation.
   *
   * @param stopText the stop text at which it ended, the request's own or the chat template's; empty if it ended otherwise
   */
  record Finished(FinishReason reason, Usage usage, Timings timings, String stopText) implements GenerationEvent {
    /** Rejects null components. */
    public Finished {
      Objects.requireNonNull(reason, "reason");
      Objects.requireNonNull(usage, "usage");
      Objects.requireNonNull(timings, "timings");
      Objects.requireNonNull(stopText, "stopText");
    }

    /** An end at no stop text. */
    public Finished(FinishReason reason, Usage usage, Timings timings) {
      this(reason, usage, timings, "");
    }
  }
}
