package io.panallama.sampling;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One stage of a sampling chain: every sampler of llama.h v0.5.0, and a few of our own. A stage narrows or reweights
 * the candidates; a {@link Selecting} stage chooses the token and comes last.
 *
 * <p>All are immutable values; the native sampler with its state is created per generation. A stage leaves at least
 * {@code minKeep} candidates.
 */
public sealed interface Sampler {
  /** A stage that chooses the token; a chain ends with exactly one. */
  sealed interface Selecting extends Sampler permits Greedy, Dist, Mirostat, MirostatV2, AdaptiveP {}

  /** Chooses the likeliest token. */
  record Greedy() implements Selecting {}

  /** Draws from the distribution of the remaining candidates, with the chain's seed. */
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
   * Mirostat 2.0 of the same paper, without estimating the exponent.
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
   * Prefers tokens whose probability is near a target, adapting to the previous choices.
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
   * Nucleus sampling (Holtzman et al., arXiv 1904.09751): keeps the smallest set whose total probability reaches
   * {@code p}.
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
   * @param t 0 or more; 0 keeps only the likeliest token
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
   * Temperature between {@code t - delta} and {@code t + delta}, depending on the entropy of the candidates.
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
   * Exclude top choices: with probability {@code probability}, drops all but the least likely of the tokens above
   * {@code threshold}.
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
   * Penalises tokens that occur among the last {@code lastN}.
   *
   * @param lastN how many tokens to look back, 0 to {@link #MAX_LAST_N}; 0 turns it off
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
   * @param lastN how many tokens to look back, 0 to {@link #MAX_LAST_N}
   * @param breakers texts that end a repetition, at most {@link #MAX_BREAKERS}; none empty or longer than
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
      // llama.cpp compares each with every token of the vocabulary, and would truncate a longer one.
      Checks.atMost("sampling.dry.breakers", breakers.size(), MAX_BREAKERS, "texts");
      for (int i = 0; i < breakers.size(); i++) {
        int bytes = breakers.get(i).getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > MAX_BREAKER_BYTES) {
          String path = "sampling.dry.breakers[" + i + "]";
          throw new InvalidRequestException(
              path, name(path) + " has " + bytes + " bytes; it must have 1 to " + MAX_BREAKER_BYTES + ".");
        }
      }
    }
  }

  /**
   * Adds a bias to the logits of individual tokens.
   *
   * @param bias token id to the value added; negative infinity forbids the token. After another stage at most
   *     {@link #MAX_SEARCHED_BIASES} tokens, which is checked when the request is compiled
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
   * Keeps texts out of the output, even across token boundaries. Bytes are compared; control tokens, which the output
   * does not show, have none. The text before the answer is not considered.
   *
   * <p>At the front of a chain, before or after a grammar, it only checks the token that the other stages chose, which
   * costs next to nothing until it rejects one; anywhere else it checks all candidates.
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
      for (int i = 0; i < texts.size(); i++) {
        int length = texts.get(i).length();
        if (length < 1 || length > MAX_BANNED_LENGTH) {
          String path = "sampling.bannedTexts[" + i + "]";
          throw new InvalidRequestException(
              path, name(path) + " has " + length + " chars; it must have 1 to " + MAX_BANNED_LENGTH + ".");
        }
      }
    }
  }

  /**
   * Forbids every token that ends a generation, so that only a limit or a stop text ends it: llama-server's
   * {@code ignore_eos}. For benchmarks, in which answers must have a given length. A grammar that is complete does end
   * the generation, because nothing else could follow.
   */
  record NoEnd() implements Sampler {}

  /**
   * Allows only text that a GBNF grammar accepts.
   *
   * <p>As the first stage of a chain it checks the token that the other stages chose, and all tokens only if it rejects
   * that one; anywhere else it checks all of them at every step.
   *
   * <p>All alternatives are followed at once. Where there are many, the generation pauses while its token is chosen and
   * the others go on; a token that takes more than 5 seconds or 64 MiB ends the generation with {@code GRAMMAR_LIMIT}.
   *
   * @param gbnf the grammar; if it does not compile, the request fails: it is never ignored
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
   * A grammar that stays dormant until a pattern matches the output so far or a trigger token appears.
   *
   * <p>Patterns run on the engine thread and can't be interrupted: one that backtracks stops every generation of the
   * engine. Never take them from an untrusted request.
   *
   * @param triggerPatterns regular expressions (ECMAScript) matched against the whole output, at most
   *     {@link #MAX_TRIGGERS}
   * @param triggerTokens token ids, at most {@link #MAX_TRIGGERS}
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
      Checks.atMost("sampling.grammar.triggers", triggerPatterns.size(), MAX_TRIGGERS, "patterns");
      Checks.atMost("sampling.grammar.triggers", triggerTokens.size(), MAX_TRIGGERS, "tokens");
    }
  }

  /**
   * Merges tokens with a common prefix for fill-in-the-middle (FIM); for models with FIM tokens. It compares each candidate
   * with every other, so it sees the {@link #MAX_INFILL} likeliest only, whatever the stages in front of it leave.
   */
  record Infill() implements Sampler {}

  /**
   * The maximum number of stages of a chain. Each is applied at every token, on the thread that computes for all
   * generations of an engine.
   */
  int MAX_STAGES = 64;

  /** The maximum number of stages in {@link Sampling.Builder#order}; those that the builder puts around them come on top. */
  int MAX_ORDER = 32;

  /** The maximum number of candidates that {@link Infill} sees. */
  int MAX_INFILL = 128;

  /**
   * The maximum number of tokens in a {@link LogitBias} that comes after another stage, be it a grammar, banned texts or the
   * grammar of a response format or of tools. As the first stage of all it has no limit but the vocabulary. llama.cpp
   * compares each bias with each candidate as soon as a stage has left some out or changed their order.
   */
  int MAX_SEARCHED_BIASES = 1024;

  /** The maximum number of patterns, and of tokens, that trigger a {@link LazyGrammar}. */
  int MAX_TRIGGERS = 64;

  /** The maximum number of tokens that a penalty looks back. */
  int MAX_LAST_N = 1 << 20;

  /** The maximum number of texts in {@link BannedTexts}. */
  int MAX_BANNED_TEXTS = 64;

  /** The maximum length of a text in {@link BannedTexts}, in chars. */
  int MAX_BANNED_LENGTH = 256;

  /** The maximum number of breakers in {@link Dry}. */
  int MAX_BREAKERS = 64;

  /** The maximum length of a breaker in {@link Dry}, in bytes of UTF-8; llama.cpp's own limit. */
  int MAX_BREAKER_BYTES = 40;
}
