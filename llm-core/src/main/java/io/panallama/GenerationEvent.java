package io.panallama;

import java.util.List;

/** What a generation emits: pieces of text, then exactly one {@link Finished}. */
public sealed interface GenerationEvent {
  /**
   * The next piece of text. Whole Unicode characters only; pieces concatenate to the output.
   *
   * @param text may be empty when {@code logprobs} is not: a token may end in the middle of a character or be withheld
   *     because it may begin a stop text
   * @param logprobs the tokens whose text became known with this event, if the request asked for log-probabilities
   */
  record Text(String text, List<TokenLogprobs> logprobs) implements GenerationEvent {
    public Text {
      logprobs = List.copyOf(logprobs);
    }
  }

  /** The end of the generation. */
  record Finished(FinishReason reason, Usage usage, Timings timings) implements GenerationEvent {}
}
