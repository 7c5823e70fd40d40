package io.panallama.benchmarks.compare;

import io.panallama.load.measure.Spread;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One quantity, measured of ours and of theirs in every round.
 *
 * <p>What is compared is the <em>advantage</em>: how many times as good ours is, taken within a round, because what disturbs
 * a machine (its clock, its neighbours) lasts longer than one. For rates it is ours by theirs, for times theirs by ours, so
 * that more than 1 is always good for us.
 *
 * @param name such as {@code tg128}, unique in a report
 * @param unit such as {@code tokens/s}
 * @param better which way is better
 * @param rounds at least one, in the order in which they were measured
 */
record Measure(String name, String unit, Better better, List<Round> rounds) {
  /** Which way a quantity is better. */
  enum Better {
    HIGHER,
    LOWER
  }

  /**
   * What the rounds say together: all of them where there are fewer than {@link #MANY_ROUNDS}, else the middle half. Of two
   * equal things chance calls one better in 6 % of all measures of five rounds, and in 4 % of those of twenty.
   */
  enum Verdict {
    /** They are below 1: ours is worse. */
    BEHIND,
    /** They lie on both sides of 1: this machine can't tell them apart. */
    EVEN,
    /** They are above 1: ours is better. */
    AHEAD
  }

  /** With fewer rounds the middle half is on one side of 1 too often by chance. */
  static final int MANY_ROUNDS = 12;

  /**
   * Both numbers of a round.
   *
   * @param ours larger than 0
   * @param theirs larger than 0
   */
  record Round(double ours, double theirs) {
    Round {
      check("ours", ours);
      check("theirs", theirs);
    }

    private static void check(String whose, double number) {
      if (!(number > 0 && Double.isFinite(number))) {
        throw new IllegalArgumentException(whose + " is " + number + ", which can't be compared; it must be above 0");
      }
    }
  }

  Measure {
    rounds = List.copyOf(rounds);
    if (rounds.isEmpty()) {
      throw new IllegalArgumentException(name + " was not measured in any round");
    }
  }

  /** The advantages of all rounds, in their order. */
  List<Double> advantages() {
    return rounds.stream()
        .map(round -> better == Better.HIGHER ? round.ours() / round.theirs() : round.theirs() / round.ours())
        .toList();
  }

  Spread advantage() {
    return Spread.of(advantages());
  }

  Spread ours() {
    return Spread.of(rounds.stream().map(Round::ours).toList());
  }

  Spread theirs() {
    return Spread.of(rounds.stream().map(Round::theirs).toList());
  }

  Verdict verdict() {
    Spread advantage = advantage();
    double tail = rounds.size() < MANY_ROUNDS ? 0 : 0.25;
    return advantage.quantile(1 - tail) < 1
        ? Verdict.BEHIND
        : advantage.quantile(tail) > 1 ? Verdict.AHEAD : Verdict.EVEN;
  }

  /** In how many rounds ours was worse. */
  int roundsBehind() {
    return (int) advantages().stream().filter(advantage -> advantage < 1).count();
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put("unit", unit);
    json.put("better", better.name().toLowerCase(Locale.ROOT));
    json.put("ours", rounds.stream().map(Round::ours).toList());
    json.put("theirs", rounds.stream().map(Round::theirs).toList());
    json.put("advantage", advantages());
    Spread spread = advantage();
    json.put("advantage_median", spread.median());
    json.put("advantage_quartiles", List.of(spread.quantile(0.25), spread.quantile(0.75)));
    json.put("verdict", verdict().name().toLowerCase(Locale.ROOT));
    return json;
  }
}
