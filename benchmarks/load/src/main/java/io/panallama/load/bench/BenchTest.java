package io.panallama.load.bench;

import io.panallama.config.EngineConfig;

/**
 * One test: a number of streams that each process a prompt and generate, after the tokens already in their context.
 *
 * @param prompt prompt tokens of each stream; 0 to measure only generation
 * @param generated steps in which each stream gets a token; 0 to measure only prompts
 * @param depth tokens already in each stream's context (not measured)
 * @param streams the number of streams at a time
 */
public record BenchTest(int prompt, int generated, int depth, int streams) {
  /** The most tokens of a prompt, an answer or a depth. */
  public static final int MOST_TOKENS = 1 << 20;

  /**
   * A shorter beginning is not shared with the next repetition; see {@link #keepsPrefix}. The engine's own limit is 8
   * tokens.
   */
  public static final int LEAST_DEPTH = 8;

  /**
   * @throws BenchException if there is nothing to measure, a value is out of range, or prompts of several streams would be
   *     measured at a depth
   */
  public BenchTest {
    check("A prompt", prompt, 0, MOST_TOKENS);
    check("An answer", generated, 0, MOST_TOKENS);
    check("The depth", depth, 0, MOST_TOKENS);
    check("The number of streams", streams, 1, EngineConfig.MAX_SLOTS);
    if (prompt == 0 && generated == 0) {
      throw new BenchException("A test without a prompt and without an answer measures nothing.");
    }
    if (depth > 0 && depth < LEAST_DEPTH) {
      throw new BenchException("The depth is " + depth + "; it must be 0, or at least " + LEAST_DEPTH + ".");
    }
    if (depth > 0 && prompt > 0 && streams > 1) {
      throw new BenchException(
          "Prompts of several streams cannot be measured at a depth, only their generation: "
              + prompt
              + " tokens of prompt, depth "
              + depth
              + ", "
              + streams
              + " streams. Set the prompt to 0.");
    }
  }

  private static void check(String what, int value, int low, int high) {
    if (value < low || value > high) {
      throw new BenchException(what + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }

  /** In llama-bench's words, such as {@code pp512+tg128 @ d2048}; the streams are not in it. */
  public String name() {
    String work = prompt == 0 ? "tg" + generated : generated == 0 ? "pp" + prompt : "pp" + prompt + "+tg" + generated;
    return depth == 0 ? work : work + " @ d" + depth;
  }

  /** The definition of the rate: which tokens, divided by which time. */
  public String measured() {
    String all =
        (depth == 0 ? "" : ", with " + depth + " tokens before them in the KV cache")
            + (streams == 1 ? "" : ", of all streams together");
    if (generated == 0) {
      return prompt + " tokens of prompt / time from submission to the first token, its sampling included" + all;
    }
    if (prompt == 0) {
      return generated + " tokens / time between the first and the last of " + (generated + 1) + " tokens" + all;
    }
    return (prompt + generated)
        + " tokens / time from submission of a prompt of "
        + prompt
        + " tokens to the end of "
        + generated
        + " steps after the first token"
        + all;
  }

  /** Tokens that the rate counts. */
  public long tokens() {
    return (long) streams * (prompt + generated);
  }

  /**
   * Whether the context at a depth is computed once and shared by all repetitions. Several streams compute it every time,
   * because retained cells would lie among theirs in the KV cache and be attended over.
   */
  boolean keepsPrefix() {
    return depth > 0 && streams == 1;
  }
}
