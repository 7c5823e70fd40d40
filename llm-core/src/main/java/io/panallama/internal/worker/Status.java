package io.panallama.internal.worker;

import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.observe.EngineState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whether an isolated engine accepts requests, and why not. Thread-safe; reading never waits. */
final class Status {
  private volatile EngineState state = EngineState.RUNNING;
  private volatile @Nullable Throwable failure;

  EngineState state() {
    return state;
  }

  Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  synchronized void restarting() {
    if (state == EngineState.RUNNING) {
      state = EngineState.RESTARTING;
    }
  }

  synchronized void running() {
    if (state == EngineState.RESTARTING) {
      state = EngineState.RUNNING;
    }
  }

  synchronized void failed(Throwable why) {
    if (state != EngineState.CLOSED) {
      failure = why;
      state = EngineState.FAILED;
    }
  }

  synchronized void closed() {
    if (state != EngineState.FAILED) {
      state = EngineState.CLOSED;
    }
  }

  boolean hasEnded() {
    return state == EngineState.CLOSED || state == EngineState.FAILED;
  }

  /** Throws if no request can be served any more. */
  void requireOpen() {
    if (state == EngineState.CLOSED) {
      throw new EngineClosedException();
    }
    if (state == EngineState.FAILED) {
      Throwable why = failure;
      throw new EngineFailedException(why == null ? new IllegalStateException("unknown") : why);
    }
  }

  /** How what is in flight fails at the end. */
  GenerationException unserved() {
    Throwable why = failure;
    return why == null
        ? new GenerationException(GenerationException.Reason.ENGINE_CLOSED, "The engine was closed.", null)
        : new GenerationException(GenerationException.Reason.ENGINE_FAILED, "The engine has failed: " + why, why);
  }
}
