package io.panallama.internal.engine;

import io.panallama.internal.decode.CandidateList;
import io.panallama.internal.flight.ChoiceFlight;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.LogitProcessor;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Calls the processor of one generation on its own thread, one token at a time. The engine thread asks and polls for
 * the answer; neither allocates nor blocks.
 *
 * <p>The state says which thread owns the candidates: the processor's from {@link #ask} until the answer, otherwise the
 * engine thread.
 */
final class ProcessorCall implements Runnable {
  enum State {
    /** The engine has not asked, or has already taken the answer. */
    IDLE,
    ASKED,
    ANSWERED,
    /** The processor threw; see {@link #failure}. */
    FAILED,
    CLOSED
  }

  private final LogitProcessor processor;
  private final CandidateList candidates;
  private final long limitNanos;
  private final Thread thread;
  private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
  private @Nullable Throwable failure;

  /** Run on the processor's thread when it is done. Set with the first question. */
  private Runnable listener = () -> {};

  // Owned by the engine thread.
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

  /** Passes the candidates to the processor. */
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

  /** Whether its sequence is waiting for an answer. */
  boolean isPending() {
    State now = state();
    return now == State.ASKED || now == State.ANSWERED || now == State.FAILED;
  }

  /** The time after which the answer is late, in nanoseconds of the engine's clock. */
  long deadline() {
    return askedNanos + limitNanos;
  }

  long limitNanos() {
    return limitNanos;
  }

  @Nullable Throwable failure() {
    return failure;
  }

  /** Records the token that was chosen from the answer. */
  void taken(int token) {
    candidates.chosen(token);
    state.compareAndSet(State.ANSWERED, State.IDLE);
  }

  /**
   * Ends the thread, interrupting it if the processor is running; no answer is wanted any more. Repeating it is
   * harmless.
   */
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
    ChoiceFlight flight = ChoiceFlight.begin(ChoiceFlight.PROCESSOR);
    try {
      processor.process(candidates);
    } catch (Throwable thrown) {
      failure = thrown;
      outcome = State.FAILED;
    }
    ChoiceFlight.end(flight);
    // A leftover interrupt would make every park return at once, and the thread would spin between the tokens.
    Thread.interrupted();
    if (state.compareAndSet(State.ASKED, outcome)) {
      listener.run();
    }
  }
}
