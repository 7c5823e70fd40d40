package io.panallama.internal.stream;

import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The reader's side of a generation as far as it is the same wherever the events come from: one reader at a time, waiting
 * with a timeout, and the whole answer at once.
 */
public abstract class SingleReader implements Generation {
  private final AtomicBoolean reading = new AtomicBoolean();

  /**
   * Waits for the next event; empty if the time passes first. Only one thread at a time calls this.
   *
   * @throws NoSuchElementException if the end was read, or the generation is closed
   * @throws GenerationException if the generation failed
   */
  protected abstract Optional<GenerationEvent> next(Duration timeout) throws InterruptedException;

  /**
   * The same for a reader that needs no single event: it is woken only when there are many, since each wake-up takes a
   * processor away from the threads that compute. May return nothing at any time.
   */
  protected abstract Optional<GenerationEvent> nextOfMany() throws InterruptedException;

  @Override
  public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
    beginReading();
    try {
      return next(timeout);
    } finally {
      endReading();
    }
  }

  /** Wakes the reader only a few times, because the caller does not need individual events. */
  @Override
  public Completion await() {
    CompletionBuilder answer = new CompletionBuilder();
    while (true) {
      Optional<Completion> completion = nextForWhole().flatMap(answer::add);
      if (completion.isPresent()) {
        return completion.get();
      }
    }
  }

  private Optional<GenerationEvent> nextForWhole() {
    beginReading();
    try {
      return nextOfMany();
    } catch (NoSuchElementException over) {
      throw new IllegalStateException("The generation is closed, or was already read to its end.", over);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      cancel();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while waiting for the next token.", interrupt);
    } finally {
      endReading();
    }
  }

  /** Keeps other readers out until {@link #endReading}. */
  protected final void beginReading() {
    if (!reading.compareAndSet(false, true)) {
      throw new IllegalStateException("Another thread is reading this generation; one at a time may.");
    }
  }

  protected final void endReading() {
    reading.set(false);
  }

  /** A fresh exception for each time that a failure is read: it has the reader's stack trace and the failure as its cause. */
  protected static GenerationException again(GenerationException failure) {
    return new GenerationException(failure.reason(), String.valueOf(failure.getMessage()), failure);
  }
}
