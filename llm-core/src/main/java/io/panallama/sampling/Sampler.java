package io.panallama.sampling;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One stage of a sampling chain: every sampler of llama.h v0.5.0, and a few of our own. A stage narrows or reweights the candidates; the
 * {@link Selecting} ones choose the token and come last.
 *
 * <p>All are immutable values; the native sampler with its state is made per generation. A {@code minKeep} is the number
 * of candidates that a stage leaves at least.
 */
public sealed interface Sampler {
  /** A stage that chooses the token; a chain ends with exactly one. */
  sealed interface Selecting extends Sampler permits Greedy, Dist, Mirostat, MirostatV2, AdaptiveP {}

  /** Takes the likeliest token. */
  record Greedy() implements Selecting {}

  /** Draws from the distribution of what is left, with the chain's seed. */
  record Dist() implements Selecting {}

  /**
   * Mirostat 1.0 (Basu et al., arXiv 2007.14966): keeps the surprise of the output near {@code tau}.
   *
   * @param tau target cross-entropy, &gt; 0
   * @param eta learning rate, &gt; 0
   * @param m tokens used to estimate the Zipf exponent, 1 or more; the paper uses 100
   */
  record Mirostat(float tau, float eta, int m) implements Selecting {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Mirostat {
      Checks.positive("sampling.mirostat.tau", tau);
      Checks.positive("sampling.mirostat.eta", eta);
      Checks.inRange("sampling.mirostat.m", m, 1, Integer.MAX_VALUE);
    }
  }

  /**
   * Mirostat 2.0 of the same paper, without the estimate.
   *
   * @param tau target cross-entropy, &gt; 0
   * @param eta learning rate, &gt; 0
   */
  record MirostatV2(float tau, float eta) implements Selecting {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public MirostatV2 {
      Checks.positive("sampling.mirostat.tau", tau);
      Checks.positive("sampling.mirostat.eta", eta);
    }
  }

  /**
   * Prefers tokens whose probability is near a target, adapting to what was chosen before.
   *
   * @param target the probability to stay near, 0 to 1
   * @param decay how slowly the history fades, 0 to 0.99
   */
  record AdaptiveP(float target, float decay) implements Selecting {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public AdaptiveP {
      Checks.inRange("sampling.adaptiveP.target", target, 0, 1);
      Checks.inRange("sampling.adaptiveP.decay", decay, 0, 0.99f);
    }
  }

  /**
   * Keeps the {@code k} likeliest tokens.
   *
   * @param k 1 or more
   */
  record TopK(int k) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public TopK {
      Checks.inRange("sampling.topK", k, 1, Integer.MAX_VALUE);
    }
  }

  /**
   * Nucleus sampling (Holtzman et al., arXiv 1904.09751): keeps the smallest set with probability {@code p} together.
   *
   * @param p 0 to 1
   */
  record TopP(float p, int minKeep) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public TopP {
      Checks.inRange("sampling.topP", p, 0, 1);
      Checks.inRange("sampling.minKeep", minKeep, 0, Integer.MAX_VALUE);
    }
  }

  /**
   * Keeps tokens at least {@code p} times as likely as the likeliest one.
   *
   * @param p 0 to 1
   */
  record MinP(float p, int minKeep) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public MinP {
      Checks.inRange("sampling.minP", p, 0, 1);
      Checks.inRange("sampling.minKeep", minKeep, 0, Integer.MAX_VALUE);
    }
  }

  /**
   * Locally typical sampling (Meister et al., arXiv 2202.00666).
   *
   * @param p 0 to 1
   */
  record Typical(float p, int minKeep) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Typical {
      Checks.inRange("sampling.typicalP", p, 0, 1);
      Checks.inRange("sampling.minKeep", minKeep, 0, Integer.MAX_VALUE);
    }
  }

  /**
   * Divides the logits by {@code t}.
   *
   * @param t 0 or more; 0 keeps the likeliest token only
   */
  record Temperature(float t) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Temperature {
      Checks.inRange("sampling.temperature", t, 0, Float.MAX_VALUE);
    }
  }

  /**
   * Temperature between {@code t - delta} and {@code t + delta} by the entropy of the candidates.
   *
   * @param t 0 or more
   * @param delta half the range, 0 or more
   * @param exponent shapes the mapping from entropy, &gt; 0
   */
  record DynamicTemperature(float t, float delta, float exponent) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public DynamicTemperature {
      Checks.inRange("sampling.temperature", t, 0, Float.MAX_VALUE);
      Checks.inRange("sampling.temperatureRange", delta, 0, Float.MAX_VALUE);
      Checks.positive("sampling.temperatureExponent", exponent);
    }
  }

  /**
   * Exclude top choices: with probability {@code probability}, drops all but the least likely of the tokens above {@code
   * threshold}.
   *
   * @param probability 0 to 1
   * @param threshold 0 to 1
   */
  record Xtc(float probability, float threshold, int minKeep) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Xtc {
      Checks.inRange("sampling.xtc.probability", probability, 0, 1);
      Checks.inRange("sampling.xtc.threshold", threshold, 0, 1);
      Checks.inRange("sampling.minKeep", minKeep, 0, Integer.MAX_VALUE);
    }
  }

  /**
   * Keeps tokens whose logit is within {@code n} standard deviations of the largest (arXiv 2411.07641).
   *
   * @param n &gt; 0
   */
  record TopNSigma(float n) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public TopNSigma {
      Checks.positive("sampling.topNSigma", n);
    }
  }

  /**
   * Penalises tokens among the last {@code lastN}.
   *
   * @param lastN how far back to look, 0 to {@link #MAX_LAST_N}; 0 turns it off
   * @param repeat divides positive and multiplies negative logits, &gt; 0; 1 turns it off
   * @param frequency subtracted per occurrence; 0 turns it off
   * @param presence subtracted once; 0 turns it off
   */
  record Penalties(int lastN, float repeat, float frequency, float presence) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Penalties {
      Checks.inRange("sampling.repeatLastN", lastN, 0, MAX_LAST_N);
      Checks.positive("sampling.repeatPenalty", repeat);
      Checks.finite("sampling.frequencyPenalty", frequency);
      Checks.finite("sampling.presencePenalty", presence);
    }
  }

  /**
   * DRY: penalises tokens that would extend a repetition of earlier output, growing as {@code multiplier * base ^ (n -
   * allowedLength)}.
   *
   * @param multiplier 0 or more; 0 turns it off
   * @param base 1 or more
   * @param allowedLength repetitions up to this length are free, 0 or more
   * @param lastN how far back to look, 0 to {@link #MAX_LAST_N}
   * @param breakers texts that a repetition does not cross, at most {@link #MAX_BREAKERS}; none empty or longer than
   *     {@link #MAX_BREAKER_BYTES}
   */
  record Dry(float multiplier, float base, int allowedLength, int lastN, List<String> breakers) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Dry {
      Checks.inRange("sampling.dry.multiplier", multiplier, 0, Float.MAX_VALUE);
      Checks.inRange("sampling.dry.base", base, 1, Float.MAX_VALUE);
      Checks.inRange("sampling.dry.allowedLength", allowedLength, 0, Integer.MAX_VALUE);
      Checks.inRange("sampling.dry.lastN", lastN, 0, MAX_LAST_N);
      breakers = List.copyOf(breakers);
      // llama.cpp compares each with every token of the vocabulary, and would cut a longer one off.
      if (breakers.size() > MAX_BREAKERS) {
        throw new InvalidRequestException(
            "sampling.dry.breakers",
            name("sampling.dry.breakers")
                + " has "
                + breakers.size()
                + " texts; at most "
                + MAX_BREAKERS
                + " are allowed.");
      }
      for (String breaker : breakers) {
        int bytes = breaker.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > MAX_BREAKER_BYTES) {
          throw new InvalidRequestException(
              "sampling.dry.breakers",
              name("sampling.dry.breakers")
                  + " has a text of "
                  + bytes
                  + " bytes; it must have 1 to "
                  + MAX_BREAKER_BYTES
                  + ".");
        }
      }
    }
  }

  /**
   * Adds to the logits of single tokens.
   *
   * @param bias token id to what is added; negative infinity forbids the token
   */
  record LogitBias(Map<Integer, Float> bias) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public LogitBias {
      bias = Map.copyOf(bias);
      for (Map.Entry<Integer, Float> entry : bias.entrySet()) {
        float value = entry.getValue();
        if (Float.isNaN(value) || value == Float.POSITIVE_INFINITY) {
          throw new InvalidRequestException(
              "sampling.logitBias",
              name("sampling.logitBias") + " of token " + entry.getKey() + " is " + value + "; it must be a number.");
        }
      }
    }
  }

  /**
   * Keeps texts out of the output, across token borders. Bytes are compared; control tokens, which the output does not show,
   * have none. What precedes the answer is not looked at.
   *
   * <p>In front of a chain, before or behind a grammar, it is asked about the token that the others chose, which costs next to
   * nothing until it refuses one; anywhere else it looks at all candidates.
   *
   * @param texts 1 to {@link #MAX_BANNED_TEXTS}; none empty or longer than {@link #MAX_BANNED_LENGTH} chars
   */
  record BannedTexts(List<String> texts) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public BannedTexts {
      texts = List.copyOf(texts);
      if (texts.isEmpty() || texts.size() > MAX_BANNED_TEXTS) {
        throw new InvalidRequestException(
            "sampling.bannedTexts",
            name("sampling.bannedTexts")
                + " has "
                + texts.size()
                + " texts; it must have 1 to "
                + MAX_BANNED_TEXTS
                + ".");
      }
      for (String text : texts) {
        if (text.isEmpty() || text.length() > MAX_BANNED_LENGTH) {
          throw new InvalidRequestException(
              "sampling.bannedTexts",
              name("sampling.bannedTexts")
                  + " has a text of "
                  + text.length()
                  + " chars; it must have 1 to "
                  + MAX_BANNED_LENGTH
                  + ".");
        }
      }
    }
  }

  /**
   * Forbids every token that ends a generation, so that only a limit or a stop text does: llama-server's
   * {@code ignore_eos}. For measuring, where answers must have the length that was asked for.
   */
  record NoEnd() implements Sampler {}

  /**
   * Allows only what a GBNF grammar accepts.
   *
   * <p>In the first place of a chain it is asked about the token that the others chose, and about all tokens only if it
   * refuses that one; anywhere else it looks at all of them at every step.
   *
   * <p>One with more than 200 optional parts in a row, such as {@code ("a"?){0,1000}}, is refused: llama.cpp would
   * compute for minutes at every token, without interruption.
   *
   * @param gbnf the grammar; one that does not compile fails the request, it is never ignored
   * @param root the rule to start with
   */
  record Grammar(String gbnf, String root) implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public Grammar {
      Objects.requireNonNull(gbnf, "gbnf");
      Objects.requireNonNull(root, "root");
    }
  }

  /**
   * A grammar that is dormant until a pattern matches the output so far or a token appears.
   *
   * <p>Patterns run on the engine thread and can't be interrupted: one that backtracks stops every generation of the
   * engine. Take them from the program, never from a request.
   *
   * @param triggerPatterns regular expressions (ECMAScript) matched against the whole output
   * @param triggerTokens token ids
   */
  record LazyGrammar(String gbnf, String root, List<String> triggerPatterns, List<Integer> triggerTokens)
      implements Sampler {
    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if a value is out of range
     */
    public LazyGrammar {
      Objects.requireNonNull(gbnf, "gbnf");
      Objects.requireNonNull(root, "root");
      triggerPatterns = List.copyOf(triggerPatterns);
      triggerTokens = List.copyOf(triggerTokens);
      if (triggerPatterns.isEmpty() && triggerTokens.isEmpty()) {
        throw new InvalidRequestException(
            "sampling.grammar.triggers",
            name("sampling.grammar.triggers") + " is empty; a lazy grammar needs at least one trigger.");
      }
    }
  }

  /** Merges tokens with a common prefix for fill-in-the-middle; for models with FIM tokens. */
  record Infill() implements Sampler {}

  /** The longest look-back of a penalty, in tokens. */
  int MAX_LAST_N = 1 << 20;

  /** The most texts of {@link BannedTexts}. */
  int MAX_BANNED_TEXTS = 64;

  /** The longest text of {@link BannedTexts} in chars. */
  int MAX_BANNED_LENGTH = 256;

  /** The most breakers of {@link Dry}. */
  int MAX_BREAKERS = 64;

  /** The longest breaker of {@link Dry} in bytes of UTF-8; llama.cpp's own limit. */
  int MAX_BREAKER_BYTES = 40;
}
