package io.panallama.generation;

import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * A running generation: a blocking stream of events.
 *
 * <p>Lifetime: from {@link io.panallama.Generator#generate Generator.generate} until it finishes, is cancelled, or is closed. Closing a generation that
 * still runs cancels it and frees its sequence within one step; leaving a try-with-resources early therefore cancels.
 *
 * <p>Threads: one consumer at a time reads events, usually a virtual thread; {@link #cancel} and {@link #close} may be
 * called from any thread.
 */
public interface Generation extends Iterable<GenerationEvent>, AutoCloseable {
  /** A number that is unique within the generator. */
  long id();

  /**
   * Waits for the next event.
   *
   * @return empty if {@code timeout} passed without one
   * @throws InterruptedException if the thread is interrupted while it waits; the generation goes on
   * @throws NoSuchElementException after {@link GenerationEvent.Finished} was returned
   * @throws GenerationException if the generation failed; thrown again by every later call
   */
  Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException;

  /** Asks to stop. The stream then ends with {@link FinishReason#CANCELLED}. Repeating it is harmless. */
  void cancel();

  /** Cancels if still running. Later reads find the end of the stream. Repeating it is harmless. */
  @Override
  void close();

  /**
   * The events as a one-pass blocking iterator, which ends after {@link GenerationEvent.Finished}, or where the generation
   * is closed. {@code hasNext} waits for the next event. An interrupt cancels
   * the generation and is thrown as {@link GenerationException} with the thread's interrupt flag set.
   *
   * @throws GenerationException from {@code hasNext} or {@code next} if the generation failed
   */
  @Override
  default Iterator<GenerationEvent> iterator() {
    return new GenerationIterator(this);
  }

  /**
   * Reads to the end.
   *
   * @throws GenerationException if the generation failed
   * @throws IllegalStateException if it was closed, or read to its end before
   */
  default Completion await() {
    CompletionBuilder answer = new CompletionBuilder();
    for (GenerationEvent event : this) {
      Optional<Completion> completion = answer.add(event);
      if (completion.isPresent()) {
        return completion.get();
      }
    }
    throw new IllegalStateException("The generation is closed, or was already read to its end.");
  }
}
