package io.panallama.load.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The forms in which results can be written. */
public enum BenchFormat {
  /** Columns for a terminal. */
  TABLE("txt"),
  /** The same columns as a Markdown table. */
  MARKDOWN("md"),
  /** An array with an object for each result. */
  JSON("json"),
  /** An object in a line for each result. */
  JSONL("jsonl"),
  /** A line of names, then a line for each result. */
  CSV("csv");

  private final String extension;

  BenchFormat(String extension) {
    this.extension = extension;
  }

  /** The format that matches a file's extension. */
  public static Optional<BenchFormat> ofFile(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return Arrays.stream(values()).filter(format -> lower.endsWith("." + format.extension)).findFirst();
  }

  /** The extensions that {@link #ofFile} knows, for a message. */
  public static String extensions() {
    return Arrays.stream(values()).map(format -> "." + format.extension).collect(Collectors.joining(", "));
  }

  /** An output of this format. It does not close {@code out}. */
  public BenchOutput to(PrintStream out) {
    return switch (this) {
      case TABLE -> new TableOutput(out, false);
      case MARKDOWN -> new TableOutput(out, true);
      case JSON -> new JsonOutput(out, true);
      case JSONL -> new JsonOutput(out, false);
      case CSV -> new CsvOutput(out);
    };
  }
}
