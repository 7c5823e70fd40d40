package io.panallama.load.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** One array, or one object per line. */
final class JsonOutput implements BenchOutput {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PrintStream out;
  private final boolean array;
  private @Nullable BenchHead head;
  private boolean begun;

  JsonOutput(PrintStream out, boolean array) {
    this.out = out;
    this.array = array;
  }

  @Override
  public void begin(BenchHead known) {
    head = known;
    if (array) {
      out.print("[");
    }
  }

  @Override
  public void add(BenchResult result) throws IOException {
    if (head == null) {
      throw new IllegalStateException("add before begin");
    }
    if (array) {
      out.print(begun ? ",\n" : "\n");
    }
    out.print(JSON.writeValueAsString(BenchRow.of(head, result)));
    if (!array) {
      out.print("\n");
    }
    begun = true;
  }

  @Override
  public void end() {
    if (array) {
      out.print(begun ? "\n]\n" : "]\n");
    }
  }
}
