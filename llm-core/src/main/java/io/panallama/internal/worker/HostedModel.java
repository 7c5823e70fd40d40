package io.panallama.internal.worker;

import io.panallama.internal.engine.StepObserver;
import io.panallama.observe.EngineStats;
import java.util.Optional;

/** What a worker runs: an engine ({@link WorkerBackend}), or what computes texts ({@link TextBackend}). Thread-safe. */
public interface HostedModel extends AutoCloseable {
  /** Loads the model and starts what computes with it. */
  @FunctionalInterface
  interface Opener {
    /**
     * @param progress gets the progress of the load, 0 to 1; false from it stops the load
     */
    HostedModel open(StartOrder order, StepObserver observer, Progress progress);
  }

  /** Gets the progress of a load. */
  @FunctionalInterface
  interface Progress {
    boolean at(float share);
  }

  WorkerFacts facts();

  EngineStats stats();

  /** The error that ended it, if one has. */
  Optional<Throwable> failure();

  @Override
  void close();
}
