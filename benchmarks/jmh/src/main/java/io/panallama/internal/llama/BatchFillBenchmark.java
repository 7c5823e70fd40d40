package io.panallama.internal.llama;

import io.panallama.jmh.LauncherJvm;
import io.panallama.jmh.Models;
import io.panallama.sampling.Sampling;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Writing the tokens of a step into the {@code llama_batch}. */
@State(Scope.Thread)
public class BatchFillBenchmark extends LauncherJvm {
  @Param({"1", "32", "512"})
  public int tokens;

  private DecoderState state;

  @Setup
  public void open() {
    state = new DecoderState(Models.file(Models.DEMO), 1, 1, Sampling.greedy());
  }

  @TearDown
  public void close() {
    state.close();
  }

  @Benchmark
  public int fill() {
    NativeDecoder decoder = state.decoder;
    decoder.batch().clear();
    int last = 0;
    for (int i = 0; i < tokens; i++) {
      last = decoder.batch().addToken(i, i, 0, i == tokens - 1);
    }
    return last;
  }
}
