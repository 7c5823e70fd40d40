package io.panallama.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * One quantity, measured on two sides in turns, round by round. Not safe for use by several threads.
 *
 * <p>The ratio is taken within a round, because whatever disturbs a machine (its clock, its neighbours) lasts longer than a
 * round.
 */
final class Comparison {
  private final String name;
  private final List<Double> ours = new ArrayList<>();
  private final List<Double> theirs = new ArrayList<>();

  /**
   * @param name such as {@code tg128}
   */
  Comparison(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  /** Adds a round's number. */
  void ours(double number) {
    ours.add(number);
  }

  /** Adds a round's number of the other side, which may be left out altogether. */
  void theirs(double number) {
    theirs.add(number);
  }

  List<Double> ours() {
    return List.copyOf(ours);
  }

  List<Double> theirs() {
    return List.copyOf(theirs);
  }

  /** Ours divided by theirs, of every round that has both. */
  List<Double> ratios() {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
      ratios.add(ours.get(i) / theirs.get(i));
    }
    return ratios;
  }
}
