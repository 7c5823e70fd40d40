package io.panallama.server.registry;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A served model with its engine and the number of its leases. The registry's lock guards its mutable fields. */
final class Entry {
  private static final System.Logger LOGGER = System.getLogger(Registry.class.getName());

  private final ServedModel model;
  private final ServedEngine engine;
  private final AtomicBoolean logged = new AtomicBoolean();
  private int leases;
  private boolean retired;

  Entry(ServedModel model, ServedEngine engine) {
    this.model = model;
    this.engine = engine;
  }

  ServedModel model() {
    return model;
  }

  ServedEngine engine() {
    return engine;
  }

  /** Adds a lease. */
  void lease() {
    leases++;
  }

  /** Removes a lease; true if the engine is to be released now. */
  boolean giveBack() {
    leases--;
    return retired && leases == 0;
  }

  /** Ends serving it; true if the engine is to be released now. */
  boolean retire() {
    boolean first = !retired;
    retired = true;
    return first && leases == 0;
  }

  /**
   * Does nothing while the engine can generate.
   *
   * @throws ModelUnavailableException if it cannot; logged at the first time
   */
  void checkHealth() {
    Health health = engine.health();
    if (health.status() != Health.Status.UP) {
      throw unavailable(health, null);
    }
  }

  /** What to tell a client about an engine in this state; logged at the first time. */
  ModelUnavailableException unavailable(Health health, @Nullable RuntimeException refusal) {
    boolean failed = health.status() == Health.Status.FAILED;
    String text = "The engine of the model \"" + model.id() + "\" " + health.told();
    if (logged.compareAndSet(false, true)) {
      LOGGER.log(System.Logger.Level.ERROR, text + "; its requests are refused. " + health.detail(), refusal);
    }
    return failed
        ? new ModelUnavailableException(
            ModelUnavailableException.Reason.ENGINE_FAILED, text + "; the server's log says why.", refusal)
        : new ModelUnavailableException(ModelUnavailableException.Reason.ENGINE_CLOSED, text + ".", refusal);
  }
}
