package io.panallama.internal.schedule;

import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.request.GenerationOptions;
import java.util.Arrays;
import java.util.Collection;
import java.util.PriorityQueue;

/**
 * Predicts when generations end, from what the last ones took: their time for each prompt token and for each token of the
 * answer, and how long their answers were. Those times were measured while others ran beside, so the load is in them.
 *
 * <p>How much longer an answer gets is the mean of what longer ones had left at its length (the mean residual life), and
 * no more than its request allows. Thread-safe.
 */
final class WaitForecast {
  /** How many answers count. */
  static final int REMEMBERED = 64;

  /** The length of an answer before one was seen. */
  static final int UNKNOWN_LENGTH = 256;

  /** A generation that has this many tokens says how fast it is, before any has ended. */
  private static final int TELLING = 4;

  /** The weight of a measurement: a change of load is followed within about ten generations. */
  private static final double WEIGHT = 1.0 / 8;

  /** After this many generations in each slot, how they began matters no more. */
  private static final int ROUNDS = 3;

  /** The least that answers are taken to vary, in standard deviations by mean. */
  private static final double LEAST_SPREAD = 0.1;

  /** The same while few were seen. */
  private static final double UNKNOWN_SPREAD = 0.5;

  /** How many answers must have been seen to tell how much they vary. */
  private static final int FEW = 8;

  private final int[] lengths = new int[REMEMBERED];
  private int known;
  private int next;
  private double nanosPerPromptToken;
  private double nanosPerToken;

  /** Learns from a generation that has ended. */
  synchronized void learn(Usage usage, Timings timings) {
    int computed = usage.promptTokens() - usage.cachedTokens();
    if (computed > 0 && timings.prefill().isPositive()) {
      nanosPerPromptToken = smoothed(nanosPerPromptToken, (double) timings.prefill().toNanos() / computed);
    }
    int generated = usage.completionTokens();
    if (generated > 1) {
      nanosPerToken = smoothed(nanosPerToken, (double) timings.decode().toNanos() / (generated - 1));
    }
    if (generated > 0) {
      lengths[next] = generated;
      next = (next + 1) % REMEMBERED;
      known = Math.min(known + 1, REMEMBERED);
    }
  }

  private static double smoothed(double before, double measured) {
    return before == 0 ? measured : before + (measured - before) * WEIGHT;
  }

  /**
   * After how many nanoseconds one generation will most probably have ended, and two, and so on; 0 if nothing is known.
   *
   * @param ends how many numbers are wanted, at least 1
   * @param running those that have slots
   * @param waitingTokens the mean length of the prompts that wait
   * @param now nanoseconds of the clock of {@link Place#startTime}
   */
  double[] times(int ends, Collection<Place> running, int slots, double waitingTokens, long now) {
    int[] seen = seen();
    double perToken = perToken(running, now);
    double perPromptToken = perPromptToken();
    PriorityQueue<Double> slotEnds = new PriorityQueue<>(slots);
    for (Place place : running) {
      if (slotEnds.size() < slots) {
        double left = Math.min(left(place.maxTokens(), place.generatedTokens()), residual(seen, place));
        slotEnds.add(place.missingTokens() * perPromptToken + left * perToken);
      }
    }
    double job = waitingTokens * perPromptToken + mean(seen) * perToken;
    while (slotEnds.size() < slots) {
      slotEnds.add(job);
    }
    double[] times = new double[ends];
    double spread = spread(seen);
    double time = 0;
    for (int i = 0; i < ends; i++) {
      if (i < ROUNDS * slots) {
        time = slotEnds.remove();
        slotEnds.add(time + job);
      } else {
        time += job / slots;
      }
      times[i] = time * caution(i + 1, spread);
    }
    return times;
  }

  /** The mean alone would be too short half of the time. The sum of several times varies less. */
  private static double caution(int ends, double spread) {
    return 1.1 + 2 * spread / Math.sqrt(ends);
  }

  private synchronized int[] seen() {
    return Arrays.copyOf(lengths, known);
  }

  private synchronized double perPromptToken() {
    return nanosPerPromptToken;
  }

  /** As measured; else as the running generations are so far. */
  private double perToken(Collection<Place> running, long now) {
    double measured = measuredPerToken();
    if (measured > 0) {
      return measured;
    }
    double slowest = 0;
    for (Place place : running) {
      int generated = place.generatedTokens();
      if (generated >= TELLING) {
        slowest = Math.max(slowest, (double) (now - place.startTime()) / generated);
      }
    }
    return slowest;
  }

  private synchronized double measuredPerToken() {
    return nanosPerToken;
  }

  private static double left(int maxTokens, int generated) {
    return maxTokens == GenerationOptions.UNLIMITED ? maxTokens : Math.max(0, maxTokens - generated);
  }

  private static double residual(int[] seen, Place place) {
    int generated = place.generatedTokens();
    if (seen.length == 0) {
      return UNKNOWN_LENGTH;
    }
    long sum = 0;
    int longer = 0;
    for (int length : seen) {
      if (length > generated) {
        sum += length - generated;
        longer++;
      }
    }
    // None was as long: such an answer may well go on for as long as it has.
    return longer == 0 ? Math.max(1, generated / 2.0) : (double) sum / longer;
  }

  private static double mean(int[] seen) {
    return seen.length == 0 ? UNKNOWN_LENGTH : Arrays.stream(seen).average().orElse(UNKNOWN_LENGTH);
  }

  private static double spread(int[] seen) {
    if (seen.length < FEW) {
      return UNKNOWN_SPREAD;
    }
    double mean = mean(seen);
    double variance = Arrays.stream(seen).mapToDouble(length -> (length - mean) * (length - mean)).average().orElse(0);
    return Math.max(LEAST_SPREAD, Math.sqrt(variance) / mean);
  }
}
