package io.panallama.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;

/** An axis: where a value lies on a drawing, and which values get a tick. Immutable. */
final class Scale {
  private final boolean logarithmic;
  private final double low;
  private final double high;
  private final double from;
  private final double to;
  private final List<Double> ticks;

  private Scale(boolean logarithmic, double low, double high, double from, double to, List<Double> ticks) {
    this.logarithmic = logarithmic;
    this.low = low;
    this.high = high;
    this.from = from;
    this.to = to;
    this.ticks = ticks.stream().filter(tick -> tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)).toList();
  }

  /** From 0 to the first round number that is not below {@code most}; drawn between {@code from} and {@code to}. */
  static Scale linear(double most, double from, double to) {
    double step = roundStep(most / 5);
    double high = Math.ceil(most / step - 1e-9) * step;
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i * step <= high * (1 + 1e-9); i++) {
      ticks.add(i * step);
    }
    return new Scale(false, 0, high, from, to, ticks);
  }

  private static double roundStep(double least) {
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (factor * power >= least * (1 - 1e-9)) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  /** Logarithmic, with ticks at 1, 2 and 5 of every power of ten, and more of them on a short axis. */
  static Scale logarithmic(double least, double most, double from, double to) {
    // A flat line needs room, too.
    double low = Math.min(least / 1.15, most / 2);
    double high = most * 1.15;
    double[] factors = high / low > 10 ? new double[] {1, 2, 5} : new double[] {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
    List<Double> ticks = new ArrayList<>();
    for (int power = (int) Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (double factor : factors) {
        ticks.add(factor * Math.pow(10, power));
      }
    }
    return new Scale(true, low, high, from, to, ticks);
  }

  /** An axis of ratios around 1: logarithmic, because twice and half as good are equally far from equal. */
  static Scale ratios(double least, double most, double from, double to) {
    boolean wide = Math.max(1.1, most) / Math.min(0.9, least) > 4;
    // Wide enough on both sides for a tick.
    double low = Math.min(wide ? 0.7 : 0.9, least) / 1.03;
    double high = Math.max(wide ? 1.5 : 1.1, most) * 1.03;
    List<Double> ticks = new ArrayList<>();
    if (high / low < 1.5) {
      ticks.addAll(List.of(0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2));
    } else if (!wide) {
      ticks.addAll(List.of(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5));
    } else {
      boolean huge = high / low > 60;
      ticks.addAll(huge ? List.of() : List.of(0.7, 1.5, 3.0));
      for (int power = -4; power <= 4; power++) {
        for (double factor : huge ? new double[] {1} : new double[] {1, 2, 5}) {
          ticks.add(factor * Math.pow(10, power));
        }
      }
    }
    ticks.sort(null);
    return new Scale(true, low, high, from, to, ticks);
  }

  /** The position at which a value is drawn. */
  double at(double value) {
    double share = logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }

  /** Ascending. */
  List<Double> ticks() {
    return ticks;
  }
}
