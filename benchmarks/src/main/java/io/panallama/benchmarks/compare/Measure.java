package io.panallama.benchmarks.compare;

import io.panallama.load.measure.Spread;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One quantity, measured on both sides in every round.
 *
 * <p>The comparison uses the <em>ratio</em> of both sides within a round, because whatever disturbs a machine (its
 * clock, its neighbours) lasts longer than one round. For rates the ratio is ours/theirs, for times theirs/ours, so
 * above 1 always means that ours is better. Immutable.
 *
 * @param name such as {@code tg128}, unique in a report
 * @param unit such as {@code tokens/s}
 * @param better whether a higher or a lower number is better
 * @param rounds at least one, in the order in which they were measured
 */
record Measure(String name, String unit, Better better, List<Round> rounds) {
  /** Whether a higher or a lower number is better. */
  enum Better {
    HIGHER,
    LOWER
  }

  /**
   * The verdict of all rounds. With fewer than {@link #FEWEST_ROUNDS} there is none; with fewer than {@link
   * #MANY_ROUNDS} all rounds must agree, and from there on their interquartile range. For two equal programs, chance
   * alone then names a winner in 6 % of the measures with five rounds and in 4 % of those with twenty.
   */
  enum Verdict {
    /** The ratios are below 1: ours is worse. */
    BEHIND,
    /** The ratios lie on both sides of 1: this machine shows no clear difference. */
    EVEN,
    /** The ratios are above 1: ours is better. */
    AHEAD,
    /** There are too few rounds for a verdict. */
    UNDECIDED
  }

  /** With fewer rounds, chance alone puts all ratios on one side of 1 too often: 12 % of the time with four, 50 % with two. */
  static final int FEWEST_ROUNDS = 5;

  /** With fewer rounds, chance alone puts the interquartile range on one side of 1 too often. */
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
        throw new IllegalArgumentException(whose + " is " + number + ", which cannot be compared; it must be above 0.");
      }
    }
  }

  Measure {
    rounds = List.copyOf(rounds);
    if (rounds.isEmpty()) {
      throw new IllegalArgumentException(name + " was not measured in any round");
    }
  }

  /** The ratio of every round, in their order; above 1 means that ours is better. */
  List<Double> ratios() {
    return rounds.stream()
        .map(round -> better == Better.HIGHER ? round.ours() / round.theirs() : round.theirs() / round.ours())
        .toList();
  }

  /** The spread of {@link #ratios()}. */
  Spread ratio() {
    return Spread.of(ratios());
  }

  Spread ours() {
    return Spread.of(rounds.stream().map(Round::ours).toList());
  }

  Spread theirs() {
    return Spread.of(rounds.stream().map(Round::theirs).toList());
  }

  Verdict verdict() {
    if (rounds.size() < FEWEST_ROUNDS) {
      return Verdict.UNDECIDED;
    }
    Spread ratio = ratio();
    double tail = rounds.size() < MANY_ROUNDS ? 0 : 0.25;
    return ratio.quantile(1 - tail) < 1 ? Verdict.BEHIND : ratio.quantile(tail) > 1 ? Verdict.AHEAD : Verdict.EVEN;
  }

  /** The number of rounds in which ours was worse. */
  int roundsBehind() {
    return (int) ratios().stream().filter(ratio -> ratio < 1).count();
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", name);
    json.put("unit", unit);
    json.put("better", better.name().toLowerCase(Locale.ROOT));
    json.put("ours", rounds.stream().map(Round::ours).toList());
    json.put("theirs", rounds.stream().map(Round::theirs).toList());
    json.put("ratio", ratios());
    Spread spread = ratio();
    json.put("ratio_median", spread.median());
    json.put("ratio_quartiles", List.of(spread.quantile(0.25), spread.quantile(0.75)));
    json.put("verdict", verdict().name().toLowerCase(Locale.ROOT));
    return json;
  }
}
