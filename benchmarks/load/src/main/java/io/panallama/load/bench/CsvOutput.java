package io.panallama.load.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Comma-separated values with every field in quotation marks (RFC 4180), as llama-bench writes them. */
final class CsvOutput implements BenchOutput {
  private final PrintStream out;
  private @Nullable BenchHead head;
  private boolean named;

  CsvOutput(PrintStream out) {
    this.out = out;
  }

  @Override
  public void begin(BenchHead known) {
    head = known;
  }

  @Override
  public void add(BenchResult result) {
    if (head == null) {
      throw new IllegalStateException("add before begin");
    }
    Map<String, Object> row = BenchRow.of(head, result);
    if (!named) {
      out.print(String.join(",", row.keySet()) + "\n");
      named = true;
    }
    out.print(row.values().stream().map(CsvOutput::field).collect(Collectors.joining(",")) + "\n");
  }

  /** Lists become their numbers with spaces between them. */
  private static String field(Object value) {
    String text =
        value instanceof List<?> list
            ? list.stream().map(String::valueOf).collect(Collectors.joining(" "))
            : String.valueOf(value);
    return '"' + text.replace("\"", "\"\"") + '"';
  }

  @Override
  public void end() {}
}
