package io.panallama.server.api;

import io.panallama.Generator;
import io.panallama.observe.EngineStats;
import io.panallama.server.ServedModel;
import io.panallama.server.wire.ApiException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the server serves at the moment: nothing yet, a model, or nothing any more. Safe for any thread. */
public final class Serving {
  /**
   * A model that is ready.
   *
   * @param stats null if none are known
   */
  public record Ready(ServedModel model, Generator generator, @Nullable Supplier<EngineStats> stats) {}

  private final RunningGenerations running = new RunningGenerations();
  private volatile @Nullable Ready ready;
  private volatile boolean closed;

  /** Makes a model available to requests; a later call replaces it for new requests. */
  public void open(Ready newReady) {
    ready = newReady;
  }

  /** Refuses further requests, lets running ones go on for {@code grace}, then cancels them. */
  public void close(Duration grace) {
    closed = true;
    running.end(grace);
  }

  RunningGenerations running() {
    return running;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * @throws ApiException with 503 if no model is ready
   */
  public Ready current() {
    Ready now = ready;
    if (closed) {
      throw ApiException.notReady("The server is shutting down.");
    }
    if (now == null) {
      throw ApiException.notReady("The model is still being loaded; try again in a moment.");
    }
    return now;
  }
}
