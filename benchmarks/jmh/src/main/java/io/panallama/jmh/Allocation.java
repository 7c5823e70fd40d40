package io.panallama.jmh;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * The allocation of a benchmark in an iteration.
 *
 * @param bytes heap per operation
 * @param operations the number of operations in the iteration
 */
record Allocation(double bytes, long operations) {
  private static final String METRIC = "gc.alloc.rate.norm";

  /**
   * Bytes that JMH 1.37 itself allocates in an iteration between its two readings of the counter: 5,832 in nearly every
   * iteration of benchmarks that allocate nothing.
   */
  private static final double JMH_BYTES = 5_832;

  /** The most that JMH and other threads were seen to allocate beyond that in an iteration. */
  private static final double NOISE_BYTES = 2_048;

  /** Half an object of the smallest size: less can't be an allocation that every operation makes. */
  private static final double SMALLEST = 8;

  /**
   * A relative tolerance, for operations that allocate more in some calls than in others, such as the first of an
   * answer.
   */
  private static final double SHARE = 0.02;

  /**
   * The allocation of a JVM is that of its iteration with the least: an allocation that every operation makes is in all
   * iterations, a compilation in few.
   */
  static List<Allocation> ofForks(RunResult result) {
    List<Allocation> forks = new ArrayList<>();
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      forks.add(least(fork.getIterationResults().stream().map(Allocation::of).toList()));
    }
    return forks;
  }

  /** The allocation with the fewest bytes; there is at least one. */
  static Allocation least(List<Allocation> allocations) {
    return Collections.min(allocations, Comparator.comparingDouble(Allocation::bytes));
  }

  private static Allocation of(IterationResult iteration) {
    long operations = Math.max(1, iteration.getMetadata().getAllOps());
    // GCProfiler leaves the metric out where nothing was allocated.
    Result<?> metric = iteration.getSecondaryResults().get(METRIC);
    double bytes = metric == null ? 0 : metric.getScore();
    return new Allocation(Math.max(0, bytes - JMH_BYTES / operations), operations);
  }

  /** The largest insignificant difference between a measurement like this and a baseline, in bytes per operation. */
  double tolerance(double baseline) {
    return Math.max(SMALLEST, baseline * SHARE) + NOISE_BYTES / operations;
  }
}
