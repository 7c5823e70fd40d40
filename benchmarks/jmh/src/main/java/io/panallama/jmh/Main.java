package io.panallama.jmh;

import io.panallama.jmh.AllocationBaseline.Range;
import io.panallama.jmh.AllocationComparison.Finding;
import io.panallama.jmh.AllocationComparison.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.runner.RunnerException;

/**
 * The program behind {@code benchmarks/jmh/run}: JMH's own command line with the GC profiler and results as JSON, or
 * the check of allocations.
 */
public final class Main {
  private final Path baselineFile;
  private final Path results;

  private Main(Path home) {
    baselineFile = home.resolve("allocation.txt");
    results = home.resolve("target");
  }

  /**
   * The first argument is the folder of this module; then {@code --check} or {@code --update} with regular expressions of
   * benchmarks, or options of JMH.
   */
  public static void main(String[] arguments) throws Exception {
    Main main = new Main(Path.of(arguments[0]));
    List<String> rest = Arrays.asList(arguments).subList(1, arguments.length);
    String first = rest.isEmpty() ? "" : rest.getFirst();
    switch (first) {
      case "--check" -> System.exit(main.check(rest.subList(1, rest.size())) ? 0 : 1);
      case "--update" -> main.update(rest.subList(1, rest.size()));
      default -> org.openjdk.jmh.Main.main(main.withDefaults(rest).toArray(String[]::new));
    }
  }

  private List<String> withDefaults(List<String> options) {
    List<String> all = new ArrayList<>(options);
    if (!options.contains("-prof")) {
      all.addAll(List.of("-prof", "gc"));
    }
    if (!options.contains("-rff")) {
      all.addAll(List.of("-rff", results.resolve("results.json").toString()));
    }
    if (!options.contains("-rf")) {
      all.addAll(List.of("-rf", "json"));
    }
    return all;
  }

  private AllocationCheck allocations(List<String> includes) throws IOException {
    Files.createDirectories(results);
    Path log = results.resolve("allocation.log");
    System.out.println("measuring allocation; what JMH says goes to " + log);
    return new AllocationCheck(includes, log);
  }

  private boolean check(List<String> includes) throws IOException, RunnerException {
    AllocationBaseline baseline = AllocationBaseline.read(baselineFile);
    AllocationComparison comparison = allocations(includes).compare(baseline);
    print(comparison);
    int java = Runtime.version().feature();
    if (java != baseline.java()) {
      System.out.println("The baseline is of JDK " + baseline.java() + ", this is JDK " + java + ".");
    }
    System.out.println(
        comparison.isGood()
            ? "Nothing allocates more than " + baselineFile + " says."
            : "Not as " + baselineFile + " says. If that is meant: benchmarks/jmh/run --update");
    return comparison.isGood();
  }

  private static void print(AllocationComparison comparison) {
    System.out.printf("%-68s %17s %10s%n", "bytes per operation", "baseline", "now");
    for (Finding finding : comparison.findings()) {
      String before = finding.before().map(Main::range).orElse("-");
      String now = finding.now().map(allocation -> bytes(allocation.bytes())).orElse("-");
      String verdict = finding.verdict() == Verdict.SAME ? "" : finding.verdict().name();
      System.out.printf("%-68s %17s %10s  %s%n", finding.benchmark(), before, now, verdict);
    }
  }

  private static String range(Range range) {
    String least = bytes(range.least());
    return range.least() == range.most() ? least : least + "-" + bytes(range.most());
  }

  private static String bytes(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  /** Benchmarks that were not measured keep their lines, unless all were selected. */
  private void update(List<String> includes) throws IOException, RunnerException {
    AllocationCheck check = allocations(includes);
    Map<String, Range> ranges = new TreeMap<>();
    if (Files.exists(baselineFile)) {
      ranges.putAll(AllocationBaseline.read(baselineFile).ranges());
      ranges.keySet().removeIf(check::includes);
    }
    ranges.putAll(check.measure());
    AllocationBaseline.of(Runtime.version().feature(), ranges).write(baselineFile);
    System.out.println("wrote " + baselineFile);
  }
}
