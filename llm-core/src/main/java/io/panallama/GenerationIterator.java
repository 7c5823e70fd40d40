package io.panallama;

import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/** {@link Generation#poll} as an iterator without a timeout. */
final class GenerationIterator implements Iterator<GenerationEvent> {
  /** Long enough never to matter, short enough not to overflow in nanoseconds. */
  private static final Duration FOREVER = Duration.ofDays(365);

  private final Generation generation;
  private boolean finished;

  GenerationIterator(Generation generation) {
    this.generation = generation;
  }

  @Override
  public boolean hasNext() {
    return !finished;
  }

  @Override
  public GenerationEvent next() {
    if (finished) {
      throw new NoSuchElementException("The generation has finished.");
    }
    while (true) {
      try {
        Optional<GenerationEvent> event = generation.poll(FOREVER);
        if (event.isPresent()) {
          finished = event.get() instanceof GenerationEvent.Finished;
          return event.get();
        }
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        generation.cancel();
        throw new GenerationException(
            GenerationException.Reason.INTERRUPTED, "Interrupted while waiting for the next token.", interrupt);
      }
    }
  }
}
