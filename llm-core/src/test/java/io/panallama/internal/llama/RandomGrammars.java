package io.panallama.internal.llama;

import java.util.List;
import java.util.Random;

/** Random grammars in which no rule is left-recursive, in the GBNF of llama.cpp. */
public final class RandomGrammars {
  private static final List<String> LITERALS =
      List.of("a", "b", "the", " ", "e", "in", "{", "}", "\\\"", "é", "日本", "🗼", "0", "\\n", "");
  private static final List<String> CLASSES = List.of("[a-z]", "[aeiou ]", "[0-9]", "[à-ÿ]", "[ぁ-龠]", "[🌀-🗿x]", ".");
  private static final List<String> EXCLUDING = List.of("[^a-z]", "[^\\\"\\\\]", "[^é]", "[^日-本a]", "[^\\x00-\\x7f]");
  private static final List<String> REPETITIONS = List.of("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}");

  private final Random random;
  private final boolean excluding;
  private int rules;

  /**
   * @param excluding whether there may be classes that say which characters they exclude
   */
  public RandomGrammars(Random random, boolean excluding) {
    this.random = random;
    this.excluding = excluding;
  }

  /** The next grammar; its first rule is "root". */
  public String next() {
    rules = 1 + random.nextInt(5);
    StringBuilder gbnf = new StringBuilder();
    for (int rule = 0; rule < rules; rule++) {
      gbnf.append(name(rule)).append(" ::= ").append(alternatives(rule, 2)).append('\n');
    }
    return gbnf.toString();
  }

  private static String name(int rule) {
    return rule == 0 ? "root" : "r" + rule;
  }

  private String alternatives(int rule, int depth) {
    int count = random.nextInt(8) == 0 ? 4 + random.nextInt(8) : 1 + random.nextInt(3);
    StringBuilder gbnf = new StringBuilder();
    for (int i = 0; i < count; i++) {
      gbnf.append(i == 0 ? "" : " | ").append(sequence(rule, depth));
    }
    return gbnf.toString();
  }

  /** Any rule may follow a character; at the beginning only a later one, so that none is left-recursive. */
  private String sequence(int rule, int depth) {
    StringBuilder gbnf = new StringBuilder();
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      if (i > 0 && random.nextInt(4) == 0) {
        gbnf.append("\"x\" ").append(name(random.nextInt(rules))).append(' ');
      } else {
        gbnf.append(item(rule, depth)).append(' ');
      }
    }
    return gbnf.toString();
  }

  private String item(int rule, int depth) {
    int kind = random.nextInt(10);
    if (kind == 0 && rule + 1 < rules) {
      return name(rule + 1 + random.nextInt(rules - rule - 1));
    }
    if (kind <= 2 && depth > 0) {
      return "(" + alternatives(rule, depth - 1) + ")" + repetition();
    }
    if (kind <= 5) {
      return (excluding && random.nextInt(3) == 0 ? pick(EXCLUDING) : pick(CLASSES)) + repetition();
    }
    return "\"" + pick(LITERALS) + pick(LITERALS) + "\"" + (kind == 6 ? repetition() : "");
  }

  private String repetition() {
    return random.nextInt(3) == 0 ? pick(REPETITIONS) : "";
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }
}
