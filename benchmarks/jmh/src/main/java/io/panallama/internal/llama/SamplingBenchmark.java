package io.panallama.internal.llama;

import io.panallama.jmh.LauncherJvm;
import io.panallama.jmh.Models;
import io.panallama.sampling.Sampling;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The samples of one step, from logits that are the same each time, on one thread. */
@State(Scope.Thread)
public class SamplingBenchmark extends LauncherJvm {
  @Param({"4096", "32768", "131072"})
  public int vocabulary;

  @Param({"greedy", "defaults"})
  public String chain;

  @Param({"1", "8"})
  public int sequences;

  private DecoderState state;

  @Setup
  public void open() {
    Sampling sampling = chain.equals("greedy") ? Sampling.greedy() : Sampling.defaults();
    state = new DecoderState(Models.vocabularyFile(vocabulary), sequences, 1, sampling);
    state.decode(IntStream.rangeClosed(1, sequences).toArray(), 0);
  }

  @TearDown
  public void close() {
    state.close();
  }

  @Benchmark
  public int step() {
    state.sample();
    return state.token(sequences - 1);
  }
}
