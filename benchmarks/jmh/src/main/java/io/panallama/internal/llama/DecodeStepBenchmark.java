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

/** One token for each sequence: batch, llama_decode, greedy sample. Contexts grow to {@link #DEPTH} tokens and start again. */
@State(Scope.Thread)
public class DecodeStepBenchmark extends LauncherJvm {
  private static final int DEPTH = 256;

  @Param({Models.DEMO, Models.GENERATED})
  public String model;

  @Param({"1", "8"})
  public int sequences;

  @Param("1")
  public int threads;

  private DecoderState state;
  private int[] tokens;
  private int position;

  @Setup
  public void open() {
    state = new DecoderState(Models.file(model), sequences, threads, Sampling.greedy());
    tokens = new int[sequences];
    restart();
  }

  private void restart() {
    for (int i = 0; i < sequences; i++) {
      state.decoder.memory().remove(i);
      tokens[i] = 1 + i;
    }
    position = 0;
  }

  @TearDown
  public void close() {
    state.close();
  }

  @Benchmark
  public int step() {
    if (position == DEPTH) {
      restart();
    }
    state.decode(tokens, position++);
    state.sample();
    for (int i = 0; i < sequences; i++) {
      tokens[i] = state.token(i);
    }
    return tokens[0];
  }
}
