package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the model and the engine that every program has. */
final class EngineOptions {
  private static final String DEMO = "demo";

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      defaultValue = DEMO,
      description = "A GGUF file; ${DEFAULT-VALUE} for the embedded demo model, which is the default.")
  private String model = DEMO;

  @Option(
      names = {"-t", "--threads"},
      description = "Threads of a step, with and without prompts; default: the engine chooses.")
  private int threads = EngineConfig.AUTO;

  @Option(
      names = "--itl-target",
      paramLabel = "MS",
      description = "EngineConfig.itlTarget in milliseconds; 0 for none.")
  private @Nullable Integer itlTarget;

  @Option(names = "--batch-size", paramLabel = "TOKENS", description = "EngineConfig.batchSize.")
  private @Nullable Integer batchSize;

  @Option(names = "--micro-batch-size", paramLabel = "TOKENS", description = "EngineConfig.microBatchSize.")
  private @Nullable Integer microBatchSize;

  @Option(names = "--flash-attention", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private FlashAttention flashAttention = FlashAttention.AUTO;

  @Option(names = "--kv-type", description = "Number format of the KV cache; default ${DEFAULT-VALUE}.")
  private KvCacheType cacheType = KvCacheType.F16;

  @Option(names = "--kv-layout", description = "${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
  private KvLayout layout = KvLayout.AUTO;

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "N",
      description = "Layers on the GPU, -1 for all; default ${DEFAULT-VALUE}, if there is a GPU.")
  private int gpuLayers = ModelConfig.ALL_LAYERS;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
  private @Nullable Path json;

  /** Loads the model. */
  Model load() {
    Path file = model.equals(DEMO) ? DemoModel.extract() : Path.of(model).toAbsolutePath();
    return Model.load(file, ModelConfig.builder().gpuLayers(gpuLayers).build());
  }

  @Nullable Path json() {
    return json;
  }

  /** Layers on the GPU; {@link ModelConfig#ALL_LAYERS} for all. */
  int gpuLayers() {
    return gpuLayers;
  }

  /** A configuration with these options and defaults for the rest. */
  EngineConfig.Builder config() {
    EngineConfig.Builder builder =
        EngineConfig.builder()
            .threads(threads)
            .batchThreads(threads)
            .kvLayout(layout)
            .flashAttention(flashAttention)
            .keyType(cacheType)
            .valueType(cacheType);
    if (itlTarget != null) {
      builder.itlTarget(Duration.ofMillis(itlTarget));
    }
    if (batchSize != null) {
      builder.batchSize(batchSize);
    }
    if (microBatchSize != null) {
      builder.microBatchSize(microBatchSize);
    }
    return builder;
  }

  /** The facts for the heading of a report: the model and the engine's effective options. */
  Map<String, Object> facts(Engine engine) {
    EngineConfig config = engine.config();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("model", engine.model().path().getFileName() + ", " + engine.model().description());
    facts.put("gpu layers", gpuLayers == ModelConfig.ALL_LAYERS ? "all" : gpuLayers);
    facts.put("threads", config.threads());
    facts.put("batch", config.batchSize() + " / " + config.microBatchSize());
    facts.put("KV layout", config.kvLayout().name().toLowerCase(Locale.ROOT));
    facts.put("itl target", config.itlTarget().toMillis() + " ms");
    return facts;
  }
}
