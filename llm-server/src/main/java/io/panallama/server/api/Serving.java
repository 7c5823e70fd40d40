package io.panallama.server.api;

import io.panallama.EngineStats;
import io.panallama.Generator;
import io.panallama.server.ServedModel;
import io.panallama.server.wire.ApiException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the server serves at the moment: nothing yet, a model, or nothing any more. Safe for any thread. */
public final class Serving {
  /** A model that is ready. */
  public record Ready(ServedModel model, Generator generator, Supplier<EngineStats> stats) {}

  private volatile @Nullable Ready ready;
  private volatile boolean closed;

  /** Makes a model available to requests; a later call replaces it for new requests. */
  public void open(Ready newReady) {
    ready = newReady;
  }

  /** Refuses further requests. */
  public void close() {
    closed = true;
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
