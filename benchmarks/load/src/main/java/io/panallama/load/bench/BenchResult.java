package io.panallama.load.bench;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.load.measure.Spread;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;

/**
 * What a test gave.
 *
 * @param measured what was run
 * @param engine the engine's configuration, with everything that it chose by itself
 * @param began when the test began
 * @param modelDescription llama.cpp's words
 * @param modelBytes of all tensors
 * @param modelParameters number of weights
 * @param nanos of each repetition, in their order; at least one
 */
public record BenchResult(
    BenchCase measured,
    EngineConfig engine,
    Instant began,
    String modelDescription,
    long modelBytes,
    long modelParameters,
    List<Long> nanos) {
  public BenchResult {
    Objects.requireNonNull(measured, "measured");
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(began, "began");
    Objects.requireNonNull(modelDescription, "modelDescription");
    nanos = List.copyOf(nanos);
  }

  static BenchResult of(BenchCase measured, Engine engine, Instant began, List<Long> nanos) {
    Model model = engine.model();
    return new BenchResult(
        measured,
        engine.config(),
        began.truncatedTo(ChronoUnit.SECONDS),
        model.description(),
        model.sizeBytes(),
        model.parameterCount(),
        nanos);
  }

  /** Tokens per second of each repetition. */
  public List<Double> rates() {
    return nanos.stream().map(time -> measured.test().tokens() * 1e9 / time).toList();
  }

  /** How the rates are distributed. */
  public Spread rate() {
    return Spread.of(rates());
  }

  /** How the times are distributed, in nanoseconds. */
  public Spread time() {
    return Spread.of(nanos.stream().mapToDouble(Long::doubleValue).toArray());
  }
}
