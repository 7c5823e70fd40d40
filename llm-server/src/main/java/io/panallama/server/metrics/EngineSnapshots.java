package io.panallama.server.metrics;

import io.panallama.observe.Distribution;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.server.registry.Health;
import io.panallama.server.registry.Registry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** What the engines count, as Prometheus' client takes it. Used by one thread. */
final class EngineSnapshots {
  private static final String MODEL = ModelMeters.MODEL;
  private static final double NANOS = 1e9;

  private record Engine(String model, EngineStats stats) {
    EngineDetail detail() {
      return stats.detail();
    }
  }

  private final MetricSnapshots.Builder all = MetricSnapshots.builder();
  private final List<Engine> engines = new ArrayList<>();

  private EngineSnapshots(List<Registry.State> models) {
    for (Registry.State state : models) {
      state.stats().ifPresent(stats -> engines.add(new Engine(state.model().id(), stats)));
    }
  }

  static MetricSnapshots of(List<Registry.State> models) {
    EngineSnapshots snapshots = new EngineSnapshots(models);
    snapshots.models(models);
    if (!snapshots.engines.isEmpty()) {
      snapshots.load();
      snapshots.tokens();
      snapshots.caches();
      snapshots.steps();
    }
    snapshots.memory(models);
    return snapshots.all.build();
  }

  private void models(List<Registry.State> models) {
    GaugeSnapshot.Builder up =
        GaugeSnapshot.builder().name("panallama_model_up").help("Whether the model can be used now.");
    for (Registry.State state : models) {
      up.dataPoint(point(Labels.of(MODEL, state.model().id()), state.health().status() == Health.Status.UP ? 1 : 0));
    }
    all.metricSnapshot(up.build());
  }

  private void load() {
    gauge("vllm:num_requests_running", "Requests that hold a slot.", engine -> engine.stats.running());
    gauge("vllm:num_requests_waiting", "Requests in the queue.", engine -> engine.stats.waiting());
    gauge("panallama_slots", "Requests that can run at once.", engine -> engine.stats.slots());
    gauge(
        "panallama_requests_paused",
        "Running requests that compute nothing: their reader is behind, or they wait for a prefix.",
        engine -> engine.detail().paused());
    counter("vllm:num_preemptions", "Requests that made room for others.", engine -> engine.stats.preemptions());
  }

  private void tokens() {
    counter(
        "vllm:prompt_tokens",
        "Prompt tokens, computed or found in a cache.",
        engine -> engine.stats.promptTokens() + engine.stats.cachedPromptTokens());
    counter("vllm:generation_tokens", "Generated tokens.", engine -> engine.stats.generatedTokens());
    CounterSnapshot.Builder compute =
        CounterSnapshot.builder().name("panallama_compute_seconds").help("Time of the calls of llama.cpp.");
    for (Engine engine : engines) {
      compute.dataPoint(count(Labels.of(MODEL, engine.model, "phase", "prefill"), engine.stats.promptNanos() / NANOS));
      compute.dataPoint(
          count(Labels.of(MODEL, engine.model, "phase", "decode"), engine.stats.generationNanos() / NANOS));
    }
    all.metricSnapshot(compute.build());
  }

  private void caches() {
    for (String name : List.of("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")) {
      gauge(name, "Used part of the KV cache, 1 for all of it.", EngineSnapshots::kvUse);
    }
    counter(
        "vllm:prefix_cache_queries",
        "Prompt tokens that were looked up in the prefix cache.",
        engine -> engine.stats.promptTokens() + engine.stats.cachedPromptTokens());
    counter(
        "vllm:prefix_cache_hits",
        "Prompt tokens that the prefix cache had.",
        engine -> engine.stats.cachedPromptTokens());
    CounterSnapshot.Builder hits =
        CounterSnapshot.builder()
            .name("panallama_prefix_hit_tokens")
            .help("Prompt tokens that were found, by where they were.");
    GaugeSnapshot.Builder cells =
        GaugeSnapshot.builder().name("panallama_kv_cells").help("Cells of the KV cache, by what they hold.");
    GaugeSnapshot.Builder spilled =
        GaugeSnapshot.builder().name("panallama_prefix_bytes").help("Size of the prefixes outside of the KV cache.");
    for (Engine engine : engines) {
      EngineDetail detail = engine.detail();
      long elsewhere = detail.memoryTokens() + detail.diskTokens();
      hits.dataPoint(count(tier(engine, "kv"), Math.max(0, engine.stats.cachedPromptTokens() - elsewhere)));
      hits.dataPoint(count(tier(engine, "memory"), detail.memoryTokens()));
      hits.dataPoint(count(tier(engine, "disk"), detail.diskTokens()));
      int active = Math.max(0, detail.kvCellsUsed() - detail.kvCellsRetained());
      cells.dataPoint(point(Labels.of(MODEL, engine.model, "state", "active"), active));
      cells.dataPoint(point(Labels.of(MODEL, engine.model, "state", "retained"), detail.kvCellsRetained()));
      int free = Math.max(0, detail.kvCells() - detail.kvCellsUsed());
      cells.dataPoint(point(Labels.of(MODEL, engine.model, "state", "free"), free));
      spilled.dataPoint(point(tier(engine, "memory"), engine.stats.spilledBytes()));
      spilled.dataPoint(point(tier(engine, "disk"), engine.stats.diskBytes()));
    }
    all.metricSnapshot(hits.build());
    all.metricSnapshot(cells.build());
    all.metricSnapshot(spilled.build());
    counter(
        "panallama_prefix_restores",
        "How often a prefix was restored from memory or disk.",
        engine -> engine.stats.restores());
  }

  private static double kvUse(Engine engine) {
    int cells = engine.detail().kvCells();
    return cells == 0 ? 0 : engine.detail().kvCellsUsed() / (double) cells;
  }

  private static Labels tier(Engine engine, String tier) {
    return Labels.of(MODEL, engine.model, "tier", tier);
  }

  private void steps() {
    counter("panallama_steps", "Steps of the engine.", engine -> engine.stats.steps());
    for (String name : List.of("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds")) {
      histogram(name, "Time between two tokens of a request.", NANOS, engine -> engine.detail().tokenGapNanos());
    }
    histogram("panallama_step_seconds", "Time of a step.", NANOS, engine -> engine.detail().stepNanos());
    histogram(
        "panallama_step_sequences",
        "Requests that got a token in a step: how full the batch was.",
        1,
        engine -> engine.detail().stepSequences());
    histogram(
        "vllm:iteration_tokens_total",
        "Tokens of prompts and answers that a step computed.",
        1,
        engine -> engine.detail().stepTokens());
    histogram(
        "panallama_prefill_chunk_tokens",
        "Prompt tokens of a step that computed some.",
        1,
        engine -> engine.detail().prefillTokens());
  }

  private void memory(List<Registry.State> models) {
    GaugeSnapshot.Builder held =
        GaugeSnapshot.builder()
            .name("panallama_native_memory_bytes")
            .help("What llama.cpp holds for a model, by device and kind, as it planned it.");
    boolean known = false;
    for (Registry.State state : models) {
      for (MemoryUse use : state.memory()) {
        held.dataPoint(point(labels(state, use, "model"), use.model()));
        held.dataPoint(point(labels(state, use, "context"), use.context()));
        held.dataPoint(point(labels(state, use, "compute"), use.compute()));
        known = true;
      }
    }
    if (known) {
      all.metricSnapshot(held.build());
    }
  }

  private static Labels labels(Registry.State state, MemoryUse use, String kind) {
    return Labels.of(MODEL, state.model().id(), "device", use.device(), "kind", kind);
  }

  private void gauge(String name, String help, ToDoubleFunction<Engine> value) {
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
    engines.forEach(engine -> gauge.dataPoint(point(Labels.of(MODEL, engine.model), value.applyAsDouble(engine))));
    all.metricSnapshot(gauge.build());
  }

  private void counter(String name, String help, ToDoubleFunction<Engine> value) {
    CounterSnapshot.Builder counter = CounterSnapshot.builder().name(name).help(help);
    engines.forEach(engine -> counter.dataPoint(count(Labels.of(MODEL, engine.model), value.applyAsDouble(engine))));
    all.metricSnapshot(counter.build());
  }

  /** A histogram whose values are divided by {@code unit}. */
  private void histogram(String name, String help, double unit, Function<Engine, Distribution> values) {
    HistogramSnapshot.Builder histogram = HistogramSnapshot.builder().name(name).help(help);
    for (Engine engine : engines) {
      Distribution distribution = values.apply(engine);
      ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
      for (int i = 0; i < distribution.buckets(); i++) {
        buckets.bucket(distribution.bound(i) / unit, distribution.count(i));
      }
      buckets.bucket(Double.POSITIVE_INFINITY, distribution.count(distribution.buckets()));
      histogram.dataPoint(
          HistogramDataPointSnapshot.builder()
              .labels(Labels.of(MODEL, engine.model))
              .classicHistogramBuckets(buckets.build())
              .sum(distribution.sum() / unit)
              .build());
    }
    all.metricSnapshot(histogram.build());
  }

  private static GaugeDataPointSnapshot point(Labels labels, double value) {
    return GaugeDataPointSnapshot.builder().labels(labels).value(value).build();
  }

  private static CounterDataPointSnapshot count(Labels labels, double value) {
    return CounterDataPointSnapshot.builder().labels(labels).value(value).build();
  }
}
