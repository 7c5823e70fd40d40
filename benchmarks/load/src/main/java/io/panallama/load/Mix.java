package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Lengths of prompts and answers that differ by orders of magnitude, in tokens: their logarithms are evenly distributed, so
 * that short ones are common and long ones are not rare. Immutable.
 *
 * @param minPrompt least tokens of a prompt, at least 1
 * @param maxPrompt most tokens of a prompt
 * @param minAnswer least tokens of an answer, at least 1
 * @param maxAnswer most tokens of an answer
 */
public record Mix(int minPrompt, int maxPrompt, int minAnswer, int maxAnswer) {
  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public Mix {
    check("prompts", minPrompt, maxPrompt);
    check("answers", minAnswer, maxAnswer);
  }

  private static void check(String what, int least, int most) {
    if (least < 1 || most < least) {
      throw new IllegalArgumentException(what + " of " + least + " to " + most + " tokens: these are no lengths");
    }
  }

  int prompt(SplittableRandom random) {
    return between(minPrompt, maxPrompt, random);
  }

  int answer(SplittableRandom random) {
    return between(minAnswer, maxAnswer, random);
  }

  private static int between(int least, int most, SplittableRandom random) {
    return (int) Math.round(least * Math.pow((double) most / least, random.nextDouble()));
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("min_prompt_tokens", minPrompt);
    json.put("max_prompt_tokens", maxPrompt);
    json.put("min_answer_tokens", minAnswer);
    json.put("max_answer_tokens", maxAnswer);
    return json;
  }
}
