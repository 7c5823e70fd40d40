package io.panallama.server.registry;

import io.panallama.error.ModelFileChangedException;
import io.panallama.observe.EngineState;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Whether an engine can still generate.
 *
 * @param status what can be expected of the engine
 * @param detail why it cannot generate, for the log; empty while it can
 * @param told why it cannot generate, for clients: the predicate of a sentence; empty while it can
 */
public record Health(Status status, String detail, String told) {
  /** What can be expected of an engine. */
  public enum Status {
    /** It takes requests. */
    UP,
    /** It takes requests, which wait until its process has been replaced. */
    RESTARTING,
    /** Its owner closed it. */
    CLOSED,
    /** Its thread ended by a fault; only a new engine helps. */
    FAILED
  }

  private static final Health UP = new Health(Status.UP, "", "");

  /** All components are required. */
  public Health {
    Objects.requireNonNull(status, "status");
    Objects.requireNonNull(detail, "detail");
    Objects.requireNonNull(told, "told");
  }

  /** The health of an engine, or of what computes texts, in this state. */
  static Health of(EngineState state, Supplier<Optional<Throwable>> failure) {
    return switch (state) {
      case RUNNING -> up();
      case RESTARTING -> restarting("The engine's own log entry has the cause.");
      case CLOSED -> closed("Its owner closed it while it was served.");
      case FAILED ->
          failure.get().filter(ModelFileChangedException.class::isInstance).isPresent()
              ? fileChanged("The engine's own log entry says how.")
              : failed("The engine's own log entry has the cause.");
    };
  }

  /** The engine takes requests. */
  public static Health up() {
    return UP;
  }

  /** The engine's process is being replaced; requests are taken and wait. */
  public static Health restarting(String detail) {
    return new Health(Status.RESTARTING, detail, "is being restarted");
  }

  /** The engine's owner closed it. */
  public static Health closed(String detail) {
    return new Health(Status.CLOSED, detail, "is closed");
  }

  /** The engine ended by a fault. */
  public static Health failed(String detail) {
    return new Health(Status.FAILED, detail, "has failed");
  }

  /** The engine ended because its model's file was changed. */
  public static Health fileChanged(String detail) {
    return new Health(Status.FAILED, detail, "has ended, because the model file changed on disk");
  }
}
