package io.panallama.internal.llama;

import io.panallama.NativeRuntime;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.jmh.LauncherJvm;
import io.panallama.jmh.Models;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/** Filling llama.cpp's parameter structs, with the call that gives their defaults and the arena they live in. */
@State(Scope.Thread)
public class StructFillBenchmark extends LauncherJvm {
  private final ModelConfig modelConfig = ModelConfig.defaults();
  private final EngineConfig engineConfig =
      EngineConfig.builder()
          .contextSize(1024)
          .batchSize(512)
          .microBatchSize(512)
          .threads(1)
          .batchThreads(1)
          .spill(SpillConfig.none())
          .build();
  private Path file;
  private ModelHandle model;

  @Setup
  public void load() {
    NativeRuntime.natives();
    file = Models.file(Models.DEMO);
    model = ModelHandle.load(file, modelConfig);
  }

  @TearDown
  public void close() {
    model.close();
  }

  /** {@code llama_model_params}. */
  @Benchmark
  public void modelParameters(Blackhole sink) {
    try (Arena arena = Arena.ofConfined()) {
      sink.consume(ModelParams.allocate(file, modelConfig, arena));
    }
  }

  /** {@code llama_context_params}. */
  @Benchmark
  public void contextParameters(Blackhole sink) {
    try (Arena arena = Arena.ofConfined()) {
      sink.consume(ContextParams.allocate(model, engineConfig, arena));
    }
  }
}
