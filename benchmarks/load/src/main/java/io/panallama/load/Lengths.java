package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The lengths of prompts and answers, in tokens. Prompts consist of words, so their lengths are approximate; the report has the
 * server's own count. Immutable.
 *
 * @param prompt tokens of one message with everything that the template adds, at least 1
 * @param answer tokens of an answer, at least 1
 * @param shared tokens of the system prompt of {@link Scenario#SHARED_PREFIX} and {@link Scenario#AGENT}; 0 for none
 * @param turns turns of a conversation of {@link Scenario#AGENT}, at least 1
 * @param spread 0 to below 1: prompts and answers are evenly distributed between {@code 1 - spread} and {@code 1 + spread}
 *     times their length
 */
public record Lengths(int prompt, int answer, int shared, int turns, double spread) {
  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public Lengths {
    check("the prompt", prompt, 1);
    check("the answer", answer, 1);
    check("the shared prompt", shared, 0);
    check("the number of turns", turns, 1);
    if (!(spread >= 0 && spread < 1)) {
      throw new IllegalArgumentException("the spread is " + spread + "; it must be 0 to less than 1");
    }
  }

  private static void check(String what, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(what + " is " + value + "; it must be at least " + least);
    }
  }

  /** A random length within the spread. */
  int vary(int length, SplittableRandom random) {
    return spread == 0 ? length : Math.max(1, (int) Math.round(length * (1 + spread * (2 * random.nextDouble() - 1))));
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("prompt_tokens", prompt);
    json.put("answer_tokens", answer);
    json.put("shared_tokens", shared);
    json.put("turns", turns);
    json.put("spread", spread);
    return json;
  }
}
