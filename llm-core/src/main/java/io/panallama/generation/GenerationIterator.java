package io.panallama.generation;

import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@link Generation#poll} as an iterator without a timeout. */
final class GenerationIterator implements Iterator<GenerationEvent> {
  /** Long enough never to matter, short enough not to overflow in nanoseconds. */
  private static final Duration FOREVER = Duration.ofDays(365);

  private final Generation generation;
  private @Nullable GenerationEvent upcoming;
  private boolean finished;

  GenerationIterator(Generation generation) {
    this.generation = generation;
  }

  @Override
  public boolean hasNext() {
    if (upcoming == null && !finished) {
      upcoming = read();
      finished = upcoming == null || upcoming instanceof GenerationEvent.Finished;
    }
    return upcoming != null;
  }

  @Override
  public GenerationEvent next() {
    if (!hasNext() || upcoming == null) {
      throw new NoSuchElementException("The generation has finished or is closed.");
    }
    GenerationEvent event = upcoming;
    upcoming = null;
    return event;
  }

  /** Returns the next event; null if the generation was closed, or another reader took its end. */
  private @Nullable GenerationEvent read() {
    while (true) {
      try {
        Optional<GenerationEvent> event = generation.poll(FOREVER);
        if (event.isPresent()) {
          return event.get();
        }
      } catch (NoSuchElementException end) {
        return null;
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        generation.cancel();
        throw new GenerationException(
            GenerationException.Reason.INTERRUPTED, "Interrupted while waiting for the next token.", interrupt);
      }
    }
  }
}
