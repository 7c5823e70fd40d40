package io.panallama.load;

import java.util.SplittableRandom;

/**
 * Makes prompts of random common words. The same seed and place give the same prompt, and every place has another one, so that
 * a cache knows a prompt only where the scenario intends it.
 */
final class Prompts {
  /** 128 of the most common English words: in most vocabularies each is one token or two. */
  private static final String[] WORDS =
      ("the of and to in is you that it he was for on are as with his they at be this have from or one had by word but"
           + " not what all were we when your can said there use an each which she do how their if will up other about"
           + " out many then them these so some her would make like him into time has look two more write go see number"
           + " no way could people my than first water been call who oil its now find long down day did get come made"
           + " may part over new sound take only little work know place year live me back give most very after thing"
           + " our just name good sentence man think say great where help")
          .split(" ");

  private final long seed;
  private final PromptScale scale;

  Prompts(long seed, PromptScale scale) {
    this.seed = seed;
    this.scale = scale;
  }

  /** The random numbers of one place: a row of the results, a part of it such as a round, and a number within. */
  SplittableRandom random(int row, int part, int number) {
    // Mixed one by one: with a sum of multiples two places would get the same numbers as soon as one number is large.
    return new SplittableRandom(mixed(mixed(mixed(mixed(seed) + row) + part) + number));
  }

  /** Distinct numbers for distinct values: the first number of this generator is a bijection of its seed. */
  private static long mixed(long value) {
    return new SplittableRandom(value).nextLong();
  }

  /** A text for a prompt of about this many tokens. */
  String text(SplittableRandom random, int tokens) {
    return words(random, scale.words(tokens));
  }

  static String words(SplittableRandom random, int count) {
    StringBuilder text = new StringBuilder(count * 6);
    for (int i = 0; i < count; i++) {
      text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
    }
    return text.toString();
  }
}
