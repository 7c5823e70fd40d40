package io.panallama.server.dialect;

import io.panallama.generation.Completion;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import java.util.List;

/**
 * A generation read to its end, with its log-probabilities.
 *
 * @param logprobs of every token whose text is in the answer, if the request asked for them
 */
public record Answer(Completion completion, List<TokenLogprobs> logprobs) {
  public Answer {
    logprobs = List.copyOf(logprobs);
  }

  /** The event that this answer ended with. */
  public GenerationEvent.Finished end() {
    return new GenerationEvent.Finished(completion.reason(), completion.usage(), completion.timings());
  }
}
