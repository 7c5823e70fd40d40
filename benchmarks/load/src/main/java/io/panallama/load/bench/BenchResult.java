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
 * The result of a test. Immutable.
 *
 * @param measured the test
 * @param engine the engine's configuration, with everything that it chose by itself
 * @param began the time at which the test began
 * @param modelDescription llama.cpp's description of the model
 * @param modelBytes the bytes of all tensors
 * @param modelParameters number of weights
 * @param nanos the time of each repetition, in their order; at least one
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

  /** The distribution of the rates. */
  public Spread rate() {
    return Spread.of(rates());
  }

  /** The distribution of the times, in nanoseconds. */
  public Spread time() {
    return Spread.of(nanos.stream().mapToDouble(Long::doubleValue).toArray());
  }
}
