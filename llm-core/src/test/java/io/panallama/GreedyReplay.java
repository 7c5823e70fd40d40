package io.panallama;

import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
  /**
   * Steps of other sizes round differently: two tokens whose log-probabilities are this close may change places. The demo model's
   * differed by up to 0.2 between steps of one sequence and of sixteen.
   */
  static final float NEAR_TIE = 0.2f;

  private static final int CANDIDATES = 8;
  private static final int MOST_WAYS = 100;

  /** Log-probabilities are those before sampling, so tokens that end the answer are among the candidates. */
  private static final GenerationOptions NEXT =
      GenerationOptions.builder()
          .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
          .maxTokens(1)
          .topLogprobs(CANDIDATES)
          .build();

  private final Engine engine;
  private final int[] prompt;
  private float widestTie;

  /** For answers to this prompt. */
  GreedyReplay(Engine engine, int[] prompt) {
    this.engine = engine;
    this.prompt = prompt.clone();
  }

  /**
   * Tokens that the answer may consist of.
   *
   * @param bytes how much of its text they are
   */
  private record Way(int[] tokens, int bytes) {
    Way with(int token, int more) {
      int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
      longer[tokens.length] = token;
      return new Way(longer, bytes + more);
    }
  }

  /** How far a token of the answers checked so far was at most behind the likeliest. */
  float widestTie() {
    return widestTie;
  }

  private interface Match {
    /** Whether a token may be the next one on this way. */
    boolean is(int token, Way way);
  }

  /** The first token that is not greedy, or nothing. */
  Optional<String> faultInTokens(int[] answer, FinishReason reason) {
    return fault(answer.length, reason, (token, way) -> token == answer[way.tokens().length]);
  }

  /**
   * The same for an answer of which only the text is known: its tokens are those of the text that tie. Where several do, such as a
   * word and its first letter, each is followed.
   */
  Optional<String> faultInText(String answer, int tokens, FinishReason reason) {
    byte[] text = answer.getBytes(StandardCharsets.UTF_8);
    return fault(
        tokens,
        reason,
        (token, way) -> {
          byte[] piece = engine.tokenBytes(token);
          int end = way.bytes() + piece.length;
          boolean last = way.tokens().length == tokens - 1;
          return end <= text.length
              && (!last || end == text.length)
              && Arrays.equals(piece, Arrays.copyOfRange(text, way.bytes(), end));
        });
  }

  private Optional<String> fault(int tokens, FinishReason reason, Match match) {
    List<Way> ways = List.of(new Way(new int[0], 0));
    for (int done = 0; done < tokens; done++) {
      List<Way> longer = new ArrayList<>();
      List<TokenLogprob> candidates = List.of();
      for (Way way : ways) {
        candidates = next(way.tokens());
        for (TokenLogprob candidate : tying(candidates)) {
          if (match.is(candidate.token(), way)) {
            // Where an answer can be read in several ways, this is that of any.
            widestTie = Math.max(widestTie, candidates.getFirst().logprob() - candidate.logprob());
            longer.add(way.with(candidate.token(), engine.tokenBytes(candidate.token()).length));
          }
        }
      }
      if (longer.isEmpty()) {
        return Optional.of(
            "token " + done + " of " + tokens + " is none of those that tie for the first: " + candidates);
      }
      if (longer.size() > MOST_WAYS) {
        throw new IllegalStateException("The answer can be read in more than " + MOST_WAYS + " ways.");
      }
      ways = longer;
    }
    if (reason != FinishReason.STOP) {
      return Optional.empty();
    }
    List<TokenLogprob> candidates = List.of();
    for (Way way : ways) {
      candidates = next(way.tokens());
      if (tying(candidates).stream()
          .anyMatch(candidate -> engine.model().vocabulary().isEndOfGeneration(candidate.token()))) {
        return Optional.empty();
      }
    }
    return Optional.of("it ends after token " + tokens + ", but the next are " + candidates);
  }

  /** Those that tie for the first. */
  private static List<TokenLogprob> tying(List<TokenLogprob> candidates) {
    float least = candidates.getFirst().logprob() - NEAR_TIE;
    return candidates.stream().filter(candidate -> candidate.logprob() >= least).toList();
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
