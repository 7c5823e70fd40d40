package io.panallama.internal.llama;

import io.panallama.NativeRuntime;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.ModelConfig;
import io.panallama.jmh.LauncherJvm;
import io.panallama.jmh.Models;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The cost of a call into native code. */
@State(Scope.Thread)
public class DowncallBenchmark extends LauncherJvm {
  private ModelHandle model;
  private MemorySegment vocabulary;

  @Setup
  public void load() {
    NativeRuntime.natives();
    model = ModelHandle.load(Models.file(Models.DEMO), ModelConfig.defaults());
    vocabulary = model.vocabulary();
  }

  @TearDown
  public void close() {
    model.close();
  }

  /** No argument; returns a constant. */
  @Benchmark
  public int bridgeVersion() {
    return LlamaCpp.panallama_bridge_version();
  }

  /** Takes a pointer and returns a field of the struct behind it. */
  @Benchmark
  public int vocabularySize() {
    return LlamaCpp.llama_vocab_n_tokens(vocabulary);
  }

  /** The same from a virtual thread, whose carrier a downcall holds. */
  @Fork(jvmArgsAppend = VIRTUAL_THREADS)
  public static class OfVirtual extends DowncallBenchmark {
    @Setup
    public void requireVirtualThread() {
      if (!Thread.currentThread().isVirtual()) {
        throw new IllegalStateException("JMH did not take " + VIRTUAL_THREADS);
      }
    }
  }
}
