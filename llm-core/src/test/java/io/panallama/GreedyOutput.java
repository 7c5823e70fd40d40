package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationEvent.Text;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;

/** Compares greedy outputs that were computed in different ways, which changes the last bits of the logits. */
final class GreedyOutput {
  static final GenerationOptions OPTIONS =
      GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(12).topLogprobs(2).build();

  private GreedyOutput() {}

  static List<TokenLogprobs> read(Generation generation) {
    List<TokenLogprobs> tokens = new ArrayList<>();
    for (GenerationEvent event : generation) {
      if (event instanceof Text text) {
        tokens.addAll(text.logprobs());
      }
    }
    return tokens;
  }

  /** The logits must agree as long as the tokens do; where they part, the two best must have been a close call. */
  static int compare(int request, List<TokenLogprobs> alone, List<TokenLogprobs> shared) {
    for (int i = 0; i < alone.size(); i++) {
      TokenLogprobs expected = alone.get(i);
      float margin = expected.top().get(0).logprob() - expected.top().get(1).logprob();
      if (expected.chosen().token() != shared.get(i).chosen().token()) {
        assertThat(margin).as("margin where request %d parts at token %d", request, i).isLessThan(0.02f);
        return i;
      }
      assertThat(shared.get(i).chosen().logprob())
          .as("log-probability of request %d at token %d", request, i)
          .isCloseTo(expected.chosen().logprob(), Offset.offset(0.02f));
    }
    return alone.size();
  }
}
