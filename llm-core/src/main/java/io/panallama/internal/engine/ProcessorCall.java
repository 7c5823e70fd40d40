package io.panallama.internal.engine;

import io.panallama.internal.decode.CandidateList;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.LogitProcessor;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Calls the processor of one generation on a thread of its own, one token at a time. The engine thread asks and looks whether
 * there is an answer; neither allocates nor waits.
 *
 * <p>The candidates belong to whoever the state says: the engine thread, or, from {@link #ask} to the answer, the processor's.
 */
final class ProcessorCall implements Runnable {
  enum State {
    /** The engine has not asked, or has taken the answer. */
    IDLE,
    ASKED,
    ANSWERED,
    /** It threw; {@link #failure} says what. */
    FAILED,
    CLOSED
  }

  private final LogitProcessor processor;
  private final CandidateList candidates;
  private final long limitNanos;
  private final Thread thread;
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private @Nullable Throwable failure;

  /** Where the processor's thread tells that it is done. Set with the first question. */
  private Runnable listener = () -> {};

  // The engine thread's own.
  private long askedNanos;
  private boolean started;

  ProcessorCall(LogitProcessing processing, String threadName) {
    this.processor = Objects.requireNonNull(processing.processors().get(), "processor");
    this.candidates = new CandidateList(processing.maxCandidates());
    this.limitNanos = processing.timeLimit().toNanos();
    this.thread = EngineThreads.unstarted(this, threadName);
  }

  // ---- the engine thread ----

  CandidateList candidates() {
    return candidates;
  }

  /** Hands the candidates to the processor. */
  void ask(long now, Runnable whenAnswered) {
    askedNanos = now;
    if (!state.compareAndSet(State.IDLE, State.ASKED)) {
      return;
    }
    if (started) {
      LockSupport.unpark(thread);
    } else {
      started = true;
      listener = whenAnswered;
      thread.start();
    }
  }

  State state() {
    return Objects.requireNonNull(state.get());
  }

  /** Whether its sequence waits for it. */
  boolean isPending() {
    State now = state();
    return now == State.ASKED || now == State.ANSWERED || now == State.FAILED;
  }

  /** When the answer is late, in nanoseconds of the clock. */
  long deadline() {
    return askedNanos + limitNanos;
  }

  long limitNanos() {
    return limitNanos;
  }

  @Nullable Throwable failure() {
    return failure;
  }

  /** The token that came of the answer. */
  void taken(int token) {
    candidates.chosen(token);
    state.compareAndSet(State.ANSWERED, State.IDLE);
  }

  /** Wants no answer any more. The thread ends, or is interrupted where it is. Repeating it is harmless. */
  void close() {
    if (state.getAndSet(State.CLOSED) == State.ASKED) {
      thread.interrupt();
    } else if (started) {
      LockSupport.unpark(thread);
    }
  }

  // ---- the processor's thread ----

  @Override
  public void run() {
    while (true) {
      switch (state()) {
        case ASKED -> answer();
        case CLOSED -> {
          return;
        }
        case IDLE, ANSWERED, FAILED -> LockSupport.park(this);
      }
    }
  }

  private void answer() {
    State outcome = State.ANSWERED;
    try {
      processor.process(candidates);
    } catch (Throwable thrown) {
      failure = thrown;
      outcome = State.FAILED;
    }
    // With an interrupt left behind nothing parks: the thread would spin between the tokens.
    Thread.interrupted();
    if (state.compareAndSet(State.ASKED, outcome)) {
      listener.run();
    }
  }
}
