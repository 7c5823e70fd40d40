package io.panallama.jmh;

import io.panallama.jmh.AllocationBaseline.Range;
import io.panallama.jmh.AllocationComparison.Verdict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Measures what the benchmarks allocate: each in one JVM, for a second or a few, with one value of every parameter.
 *
 * <p>The allocation of compiled code is exact; the interpreter and the first compiler allocate more. A benchmark that
 * seems to allocate too much is therefore measured again, in two JVMs with a longer warm-up, before it fails.
 */
final class AllocationCheck {
  /**
   * Parameters that are not listed are measured with all their values. The listed ones change lengths, not the kind of
   * work.
   */
  private static final Map<String, String> PARAMETERS =
      Map.ofEntries(
          Map.entry("chain", "defaults"),
          Map.entry("characters", "256"),
          Map.entry("messages", "9"),
          Map.entry("model", Models.DEMO),
          // A virtual reader allocates when it parks, and how often it does depends on timing.
          Map.entry("reader", "platform"),
          Map.entry("sequences", "8"),
          Map.entry("stops", "4"),
          Map.entry("tokens", "32"),
          Map.entry("vocabulary", "4096"));

  /**
   * These take a few milliseconds each, so the compiler does not finish with them within the seconds of a check; {@code
   * MailboxBenchmark} and {@code EngineStepBenchmark} cover their parts.
   */
  private static final String UNSTEADY = "\\.LatencyBenchmark\\.";

  /**
   * These take a millisecond each. Iterations as short as those of the others would have so few of them that the
   * tolerance exceeds an object, see {@link Allocation#tolerance}.
   */
  private static final String SLOW = "\\.DecodeStepBenchmark\\.";

  private static final String NOT_SLOW = "^(?!.*" + SLOW + ")";

  /** More than a thousand steps of 1.2 ms, which leaves two bytes of JMH's noise to each. */
  private static final int SLOW_ITERATION_MILLIS = 1_500;

  /** How long a benchmark is measured. */
  private enum Effort {
    /** Enough for most benchmarks. */
    QUICK(1, 5, 100, 3, 100),
    /** For benchmarks that seem to allocate too much. */
    AGAIN(2, 8, 500, 3, 250),
    /** For a baseline. */
    BASELINE(4, 6, 400, 2, 250);

    private final int forks;
    private final int warmups;
    private final int warmupMillis;
    private final int iterations;
    private final int iterationMillis;

    Effort(int forks, int warmups, int warmupMillis, int iterations, int iterationMillis) {
      this.forks = forks;
      this.warmups = warmups;
      this.warmupMillis = warmupMillis;
      this.iterations = iterations;
      this.iterationMillis = iterationMillis;
    }
  }

  private final List<String> includes;
  private final Path log;

  /**
   * @param includes regular expressions of which a benchmark's name must contain one; all benchmarks if there are none
   * @param log the file for JMH's own output; that of slow benchmarks goes to a file next to it
   */
  AllocationCheck(List<String> includes, Path log) {
    this.includes = List.copyOf(includes);
    this.log = log;
    // JMH refuses to run while another JMH runs, which would distort times. Nothing here depends on times.
    System.setProperty("jmh.ignoreLock", "true");
  }

  /**
   * Measures and compares.
   *
   * @throws RunnerException if a benchmark fails
   */
  AllocationComparison compare(AllocationBaseline baseline) throws RunnerException {
    Map<String, Allocation> measured = new TreeMap<>();
    run(includes, Effort.QUICK).forEach((name, forks) -> measured.put(name, Allocation.least(forks)));
    AllocationComparison first = comparison(baseline, measured);
    List<String> suspects = first.names(Verdict.MORE);
    if (suspects.isEmpty()) {
      return first;
    }
    run(suspects.stream().map(AllocationCheck::exactly).toList(), Effort.AGAIN)
        .forEach((name, forks) -> measured.put(name, Allocation.least(forks)));
    return comparison(baseline, measured);
  }

  /**
   * Measures in several JVMs, for a new baseline.
   *
   * @throws RunnerException if a benchmark fails
   */
  Map<String, Range> measure() throws RunnerException {
    Map<String, Range> ranges = new TreeMap<>();
    run(includes, Effort.BASELINE).forEach((name, forks) -> ranges.put(name, Range.of(forks)));
    return ranges;
  }

  private AllocationComparison comparison(AllocationBaseline baseline, Map<String, Allocation> measured) {
    return AllocationComparison.of(baseline, measured, this::includes);
  }

  /** Whether a benchmark of the baseline was selected. */
  boolean includes(String name) {
    String benchmark = name.split(" ", 2)[0];
    return includes.isEmpty() || includes.stream().anyMatch(regex -> Pattern.compile(regex).matcher(benchmark).find());
  }

  /** A regular expression for the benchmark alone; its package is not part of the name here. */
  private static String exactly(String name) {
    return "\\." + Pattern.quote(name.split(" ", 2)[0]) + "$";
  }

  /**
   * The allocation of each JVM, by name of the benchmark.
   *
   * @throws NoBenchmarksException if no benchmark has such a name
   */
  private Map<String, List<Allocation>> run(List<String> regexes, Effort effort) throws RunnerException {
    Map<String, List<Allocation>> forks = new TreeMap<>();
    forks.putAll(run(regexes, SLOW, effort, effort.iterationMillis, log));
    Path slowLog = log.resolveSibling("slow-" + log.getFileName());
    forks.putAll(run(regexes, NOT_SLOW, effort, SLOW_ITERATION_MILLIS, slowLog));
    if (forks.isEmpty()) {
      throw new NoBenchmarksException();
    }
    return forks;
  }

  private static Map<String, List<Allocation>> run(
      List<String> regexes, String exclude, Effort effort, int iterationMillis, Path log) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .forks(effort.forks)
            .warmupIterations(effort.warmups)
            .warmupTime(TimeValue.milliseconds(effort.warmupMillis))
            .measurementIterations(effort.iterations)
            .measurementTime(TimeValue.milliseconds(iterationMillis))
            .exclude(UNSTEADY)
            .exclude(exclude)
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .output(log.toString());
    PARAMETERS.forEach(options::param);
    regexes.forEach(options::include);
    Map<String, List<Allocation>> forks = new TreeMap<>();
    try {
      for (RunResult result : new Runner(options.build()).run()) {
        forks.put(name(result.getParams()), Allocation.ofForks(result));
      }
    } catch (NoBenchmarksException none) {
      // All selected benchmarks are of the other pace.
    }
    return forks;
  }

  /** Class and method without the package, and the parameters in alphabetical order. */
  private static String name(BenchmarkParams params) {
    List<String> parts = new ArrayList<>();
    parts.add(params.getBenchmark().replaceFirst("^([a-z]+\\.)+", ""));
    params.getParamsKeys().stream().sorted().forEach(key -> parts.add(key + "=" + params.getParam(key)));
    return String.join(" ", parts);
  }
}
