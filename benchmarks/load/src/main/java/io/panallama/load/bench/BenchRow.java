package io.panallama.load.bench;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.load.measure.Machine;
import io.panallama.load.measure.Spread;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A result as fields, for programs. Fields that llama-bench has, too, have its names and meanings. */
final class BenchRow {
  private BenchRow() {}

  /** The fields in their order: numbers, texts and lists of numbers. */
  static Map<String, Object> of(BenchHead head, BenchResult result) {
    Machine machine = head.machine();
    BenchCase measured = result.measured();
    BenchTest test = measured.test();
    EngineConfig engine = result.engine();
    Spread time = result.time();
    Spread rate = result.rate();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("panallama_version", head.version());
    row.put("llama_version", machine.llama());
    row.put("java", machine.java());
    row.put("os", machine.system());
    row.put("cpu_info", machine.processor());
    row.put("cpu_library", machine.cpuLibrary());
    row.put("processors", machine.processors());
    row.put("load_before", machine.load());
    row.put("gpu_info", String.join(", ", machine.gpus()));
    row.put("backends", machine.backend().toUpperCase(Locale.ROOT));
    row.put("model_filename", measured.file().toString());
    row.put("model_type", result.modelDescription());
    row.put("model_size", result.modelBytes());
    row.put("model_n_params", result.modelParameters());
    row.put("n_ctx", engine.contextSize());
    row.put("n_batch", engine.batchSize());
    row.put("n_ubatch", engine.microBatchSize());
    row.put("n_threads", engine.threads());
    row.put("type_k", engine.keyType().name().toLowerCase(Locale.ROOT));
    row.put("type_v", engine.valueType().name().toLowerCase(Locale.ROOT));
    row.put("n_gpu_layers", measured.model().gpuLayers());
    row.put("flash_attn", number(engine.flashAttention()));
    row.put("load_mode", measured.model().loadMode().name().toLowerCase(Locale.ROOT));
    row.put("n_prompt", test.prompt());
    row.put("n_gen", test.generated());
    row.put("n_depth", test.depth());
    row.put("n_parallel", test.streams());
    row.put("test", test.name());
    row.put("measured", test.measured());
    row.put("warm_up_s", head.plan().warmUp().toMillis() / 1e3);
    row.put("test_time", result.began().toString());
    row.put("avg_ns", Math.round(time.mean()));
    row.put("stddev_ns", Math.round(time.standardDeviation()));
    row.put("avg_ts", rate.mean());
    row.put("stddev_ts", rate.standardDeviation());
    row.put("median_ts", rate.median());
    row.put("min_ts", rate.min());
    row.put("max_ts", rate.max());
    row.put("samples_ns", List.copyOf(result.nanos()));
    row.put("samples_ts", result.rates());
    return row;
  }

  /** The number in {@code llama_flash_attn_type}. */
  private static int number(FlashAttention attention) {
    return switch (attention) {
      case AUTO -> -1;
      case DISABLED -> 0;
      case ENABLED -> 1;
    };
  }
}
