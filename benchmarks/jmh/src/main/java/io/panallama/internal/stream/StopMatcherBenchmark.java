package io.panallama.internal.stream;

import io.panallama.jmh.LauncherJvm;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Matching the four bytes of a token against stop texts. The text contains beginnings of some, but none completely. */
@State(Scope.Thread)
public class StopMatcherBenchmark extends LauncherJvm {
  private static final int PIECE = 4;
  private static final List<String> STOPS = List.of("\nUser:", "<|im_end|>", "###", "Observation:");

  @Param({"0", "1", "4"})
  public int stops;

  private final byte[] text =
      "The user said: ## one\nUs two <|im_ Obs. A quick brown fox jumps.".getBytes(StandardCharsets.US_ASCII);
  private StopMatcher matcher;
  private int at;

  @Setup
  public void build() {
    matcher = new StopMatcher(STOPS.subList(0, stops), PIECE);
  }

  @Benchmark
  public int append() {
    if (matcher.append(text, at, PIECE)) {
      throw new IllegalStateException("the text holds a stop text");
    }
    at = (at + PIECE) % text.length;
    int released = matcher.releasedLength();
    matcher.discardReleased();
    return released;
  }
}
