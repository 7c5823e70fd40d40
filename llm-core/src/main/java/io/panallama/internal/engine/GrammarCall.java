package io.panallama.internal.engine;

import io.panallama.internal.decode.DeferredSample;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.flight.ChoiceFlight;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Takes the deferred samples of one generation on a thread of its own, one at a time. The engine thread asks and polls
 * for the end; it never waits.
 *
 * <p>The state says which thread owns the sample and the sampler: this one's from {@link #ask} until it is done,
 * otherwise the engine thread.
 */
final class GrammarCall implements Runnable {
  enum State {
    /** The engine has not asked, or has already taken the result. */
    IDLE,
    ASKED,
    DONE,
    CLOSED
  }

  private final long limitNanos;
  private final Thread thread;
  private final Runnable listener;
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

  // Written before the state becomes ASKED or CLOSED, read by the other thread after it.
  private @Nullable DeferredSample sample;
  private @Nullable TokenSampler left;

  // Owned by the engine thread.
  private boolean started;

  /**
   * @param limitNanos the time that one sample may take
   * @param listener run on the thread of this call when a sample is done
   */
  GrammarCall(long limitNanos, String threadName, Runnable listener) {
    this.limitNanos = limitNanos;
    this.thread = EngineThreads.unstarted(this, threadName);
    this.listener = listener;
  }

  // ---- the engine thread ----

  void ask(DeferredSample deferred) {
    sample = deferred;
    state.set(State.ASKED);
    if (started) {
      LockSupport.unpark(thread);
    } else {
      started = true;
      thread.start();
    }
  }

  private State state() {
    return Objects.requireNonNull(state.get());
  }

  /** Whether its sequence waits for a sample. */
  boolean isPending() {
    State now = state();
    return now == State.ASKED || now == State.DONE;
  }

  boolean isDone() {
    return state() == State.DONE;
  }

  /** The sample that is done. */
  DeferredSample take() {
    DeferredSample done = sample;
    if (!isDone() || done == null) {
      throw new IllegalStateException("no sample is done");
    }
    sample = null;
    state.set(State.IDLE);
    return done;
  }

  /** Ends the thread, and closes the sampler as soon as no sample uses it. The call must not be used afterwards. */
  void close(TokenSampler sampler) {
    DeferredSample running = sample;
    if (running != null) {
      running.cancel();
    }
    left = sampler;
    if (state.getAndSet(State.CLOSED) != State.ASKED) {
      LockSupport.unpark(thread);
      closeAll();
    }
  }

  // ---- the thread of this call ----

  @Override
  public void run() {
    while (true) {
      switch (state()) {
        case ASKED -> take(sample);
        case CLOSED -> {
          return;
        }
        case IDLE, DONE -> LockSupport.park(this);
      }
    }
  }

  private void take(@Nullable DeferredSample asked) {
    if (asked == null) {
      throw new IllegalStateException("asked for no sample");
    }
    ChoiceFlight flight = ChoiceFlight.begin(ChoiceFlight.GRAMMAR);
    asked.run(limitNanos);
    ChoiceFlight.end(flight);
    if (state.compareAndSet(State.ASKED, State.DONE)) {
      listener.run();
    } else {
      closeAll();
    }
  }

  // ---- whichever thread is the last ----

  private void closeAll() {
    try {
      if (sample != null) {
        sample.close();
        sample = null;
      }
    } finally {
      if (left != null) {
        left.close();
        left = null;
      }
    }
  }
}
