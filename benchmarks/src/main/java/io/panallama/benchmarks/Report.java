package io.panallama.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.panallama.load.measure.Machine;
import io.panallama.load.measure.Spread;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The results of a program, as a table for people and as JSON for programs. */
final class Report {
  private final PrintStream out = System.out;
  private final Map<String, Object> json = new LinkedHashMap<>();

  /**
   * Begins a report and prints its heading.
   *
   * @param program the program's name
   * @param facts the chosen options, in the order to be shown
   */
  Report(String program, Map<String, ?> facts) {
    Machine machine = Machine.read();
    json.put("program", program);
    json.put("machine", machine.facts());
    json.put("facts", facts);
    machine.facts().forEach((name, value) -> out.printf("%-12s %s%n", name, value));
    facts.forEach((name, value) -> out.printf("%-12s %s%n", name, value));
    if (machine.isBusy()) {
      out.printf(
          Locale.ROOT,
          "%nThe machine is busy (load %.2f), so these are not the figures of an idle machine.%n",
          machine.load());
    }
    out.println();
  }

  /** Prints a line of progress. */
  void progress(String format, Object... arguments) {
    System.err.printf(Locale.ROOT, format + "%n", arguments);
  }

  /**
   * Adds comparisons as a table.
   *
   * @param unit the unit of the numbers
   * @param theirs the name of the other side, for the heading
   */
  void comparisons(String unit, String theirs, List<Comparison> comparisons) {
    out.printf(
        "%-20s %10s %10s %8s %8s %8s %8s   (%s; ratio per round to %s)%n",
        "", "ours", "theirs", "ratio", "min", "max", "IQR", unit, theirs);
    List<Map<String, Object>> rows = new ArrayList<>();
    for (Comparison comparison : comparisons) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("name", comparison.name());
      row.put("unit", unit);
      row.put("ours", spread(comparison.ours()));
      out.printf(Locale.ROOT, "%-20s %10.2f", comparison.name(), Spread.of(comparison.ours()).median());
      List<Double> ratios = comparison.ratios();
      if (!ratios.isEmpty()) {
        row.put("theirs", spread(comparison.theirs()));
        row.put("ratio", spread(ratios));
        Spread ratio = Spread.of(ratios);
        out.printf(
            Locale.ROOT,
            " %10.2f %8.4f %8.4f %8.4f %8.4f",
            Spread.of(comparison.theirs()).median(),
            ratio.median(),
            ratio.min(),
            ratio.max(),
            ratio.interquartileRange());
      }
      out.println();
      rows.add(row);
    }
    out.println();
    if (json.get("comparisons") instanceof List<?> earlier) {
      List<Object> all = new ArrayList<>(earlier);
      all.addAll(rows);
      json.put("comparisons", all);
    } else {
      json.put("comparisons", rows);
    }
  }

  /** Adds distributions as a table: median, 99th percentile and maximum of each. */
  void spreads(String unit, Map<String, Spread> spreads) {
    out.printf("%-24s %10s %10s %10s %8s   (%s)%n", "", "p50", "p99", "max", "count", unit);
    Map<String, Object> rows = new LinkedHashMap<>();
    spreads.forEach((name, spread) -> {
      out.printf(
          Locale.ROOT,
          "%-24s %10.3f %10.3f %10.3f %8d%n",
          name,
          spread.median(),
          spread.quantile(0.99),
          spread.max(),
          spread.count());
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("unit", unit);
      row.put("p50", spread.median());
      row.put("p99", spread.quantile(0.99));
      row.put("max", spread.max());
      row.put("count", spread.count());
      rows.put(name, row);
    });
    out.println();
    json.put("spreads", rows);
  }

  /** Adds single numbers, in their order. */
  void counts(Map<String, ?> counts) {
    counts.forEach((name, value) -> out.printf("%-45s %s%n", name, value));
    out.println();
    json.put("counts", counts);
  }

  private static Map<String, Object> spread(List<Double> samples) {
    Spread spread = Spread.of(samples);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("median", spread.median());
    row.put("min", spread.min());
    row.put("max", spread.max());
    row.put("iqr", spread.interquartileRange());
    row.put("samples", samples);
    return row;
  }

  /** Writes everything as JSON; null writes nothing. */
  void write(@Nullable Path file) throws IOException {
    if (file != null) {
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), json);
    }
  }
}
