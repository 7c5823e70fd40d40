package io.panallama.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The known allocation of each benchmark, and its text file: a line for the JDK, then one per benchmark.
 *
 * <p>A benchmark has a range because the compiler does not decide alike in every JVM: what it inlines, and therefore
 * which objects it removes, depends on the order of compilations. For most benchmarks the least and the most are the
 * same.
 *
 * @param java feature version of the JDK it was measured with: the JDK's own classes and compiler affect it
 * @param ranges by name of the benchmark
 */
record AllocationBaseline(int java, SortedMap<String, Range> ranges) {
  private static final Pattern JAVA = Pattern.compile("java +([0-9]{1,4})");
  private static final Pattern ENTRY = Pattern.compile("([0-9]{1,12}\\.[0-9]) +([0-9]{1,12}\\.[0-9]) +([A-Za-z].*)");

  private static final List<String> HEAD =
      List.of(
          "# Bytes of Java heap per operation, least and most of several JVMs; docs/performance.md has the rules.",
          "# benchmarks/jmh/run --update rewrites this file.");

  /** Bytes per operation in the JVM that allocated least and in the one that allocated most, to a tenth of a byte. */
  record Range(double least, double most) {
    Range {
      if (!(least >= 0 && most >= least)) {
        throw new IllegalArgumentException("least " + least + ", most " + most);
      }
      least = Math.round(least * 10) / 10.0;
      most = Math.round(most * 10) / 10.0;
    }

    /** The range over the measured JVMs, of which there is at least one. */
    static Range of(List<Allocation> forks) {
      DoubleSummaryStatistics bytes = forks.stream().mapToDouble(Allocation::bytes).summaryStatistics();
      return new Range(bytes.getMin(), bytes.getMax());
    }
  }

  AllocationBaseline {
    ranges = Collections.unmodifiableSortedMap(new TreeMap<>(ranges));
  }

  static AllocationBaseline of(int java, Map<String, Range> ranges) {
    return new AllocationBaseline(java, new TreeMap<>(ranges));
  }

  /** @throws IllegalArgumentException if a line has another format or repeats a benchmark */
  static AllocationBaseline parse(List<String> lines) {
    int java = 0;
    SortedMap<String, Range> ranges = new TreeMap<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      Matcher version = JAVA.matcher(line);
      Matcher entry = ENTRY.matcher(line);
      if (java == 0 && version.matches()) {
        java = Integer.parseInt(version.group(1));
      } else if (!entry.matches()) {
        throw new IllegalArgumentException(
            "line " + (i + 1) + " is \"" + line + "\"; expected \"java VERSION\" once or \"LEAST MOST BENCHMARK\"");
      } else if (ranges.put(entry.group(3), range(i + 1, entry)) != null) {
        throw new IllegalArgumentException("line " + (i + 1) + " names " + entry.group(3) + " again");
      }
    }
    if (java == 0) {
      throw new IllegalArgumentException("no line says \"java VERSION\"");
    }
    return new AllocationBaseline(java, ranges);
  }

  private static Range range(int line, Matcher entry) {
    try {
      return new Range(Double.parseDouble(entry.group(1)), Double.parseDouble(entry.group(2)));
    } catch (IllegalArgumentException reversed) {
      throw new IllegalArgumentException("line " + line + ": " + reversed.getMessage(), reversed);
    }
  }

  List<String> format() {
    List<String> lines = new ArrayList<>(HEAD);
    lines.add("java " + java);
    ranges.forEach(
        (name, range) -> lines.add(String.format(Locale.ROOT, "%10.1f %10.1f  %s", range.least(), range.most(), name)));
    return lines;
  }

  static AllocationBaseline read(Path file) throws IOException {
    try {
      return parse(Files.readAllLines(file));
    } catch (IllegalArgumentException malformed) {
      throw new IOException(file + ": " + malformed.getMessage(), malformed);
    }
  }

  void write(Path file) throws IOException {
    Files.write(file, format());
  }
}
