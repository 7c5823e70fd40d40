package io.panallama;

import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Checks a greedy answer token by token: an engine that nobody disturbs computes, after the prompt and the tokens before
 * it, the likeliest next tokens, and each token of the answer must be among those that tie with the first. So an answer
 * may leave the expected one where two tokens are nearly equally likely, and is still checked to its end: a token that
 * was lost or doubled makes the next one unlikely.
 */
final class GreedyReplay {
  /** Steps of other sizes round differently: two tokens whose log-probabilities are this close may change places. */
  static final float NEAR_TIE = 0.1f;

  private static final int CANDIDATES = 8;

  /** Log-probabilities are those before sampling, so tokens that end the answer are among the candidates. */
  private static final GenerationOptions NEXT =
      GenerationOptions.builder()
          .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
          .maxTokens(1)
          .topLogprobs(CANDIDATES)
          .build();

  private final Engine engine;
  private final int[] prompt;

  /** For answers to this prompt. */
  GreedyReplay(Engine engine, int[] prompt) {
    this.engine = engine;
    this.prompt = prompt.clone();
  }

  /** The first token that is not greedy, or nothing. */
  Optional<String> faultInTokens(int[] answer, FinishReason reason) {
    return fault(
        answer.length, reason, (candidate, done) -> candidate == answer[done], done -> Arrays.copyOf(answer, done));
  }

  /** The same for an answer of which only the text is known: its tokens are those of the text that tie. */
  Optional<String> faultInText(String answer, int tokens, FinishReason reason) {
    byte[] text = answer.getBytes(StandardCharsets.UTF_8);
    int[] found = new int[tokens];
    int[] ends = new int[tokens + 1];
    return fault(
        tokens,
        reason,
        (candidate, done) -> {
          byte[] piece = engine.tokenBytes(candidate);
          int end = ends[done] + piece.length;
          boolean last = done == tokens - 1;
          if (end > text.length || last && end != text.length) {
            return false;
          }
          if (!Arrays.equals(piece, Arrays.copyOfRange(text, ends[done], end))) {
            return false;
          }
          found[done] = candidate;
          ends[done + 1] = end;
          return true;
        },
        done -> Arrays.copyOf(found, done));
  }

  private interface Match {
    boolean is(int candidate, int done);
  }

  private interface Prefix {
    int[] of(int done);
  }

  private Optional<String> fault(int tokens, FinishReason reason, Match match, Prefix prefix) {
    for (int done = 0; done < tokens; done++) {
      List<TokenLogprob> candidates = next(prefix.of(done));
      boolean matched = false;
      for (TokenLogprob candidate : candidates) {
        if (candidates.getFirst().logprob() - candidate.logprob() <= NEAR_TIE && match.is(candidate.token(), done)) {
          matched = true;
          break;
        }
      }
      if (!matched) {
        return Optional.of(
            "token " + done + " of " + tokens + " is none of those that tie for the first: " + candidates);
      }
    }
    if (reason == FinishReason.STOP) {
      List<TokenLogprob> candidates = next(prefix.of(tokens));
      boolean ends =
          candidates.stream()
              .filter(candidate -> candidates.getFirst().logprob() - candidate.logprob() <= NEAR_TIE)
              .anyMatch(candidate -> engine.model().vocabulary().isEndOfGeneration(candidate.token()));
      return ends
          ? Optional.empty()
          : Optional.of("it ends after token " + tokens + ", but the next are " + candidates);
    }
    return Optional.empty();
  }

  /** The likeliest tokens after the prompt and these, likeliest first. */
  private List<TokenLogprob> next(int[] answer) {
    int[] all = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, all, prompt.length, answer.length);
    Completion step = engine.generate(CompletionRequest.of(all).with(NEXT)).await();
    TokenLogprobs logprobs = step.logprobs().getFirst();
    return logprobs.top();
  }
}
