package io.panallama.generation;

import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A running generation: one stream of events, read once, in one of four ways.
 *
 * <ul>
 *   <li>{@link #iterator} in a {@code for} loop, and {@link #poll} with a time-out: blocking, event by event;
 *   <li>{@link #await}: blocking, the whole answer;
 *   <li>{@link #subscribe}: a {@link Flow.Publisher} with back-pressure;
 *   <li>{@link #toFuture}: the whole answer as a {@link java.util.concurrent.CompletionStage}.
 * </ul>
 *
 * <p>Lifetime: from {@link io.panallama.Generator#generate Generator.generate} until it finishes, is cancelled, or is closed. Closing a
 * generation that still runs cancels it and frees its sequence within one step; leaving a try-with-resources early therefore cancels.
 *
 * <p>Threads: one reader at a time, usually a virtual thread. {@link #cancel} and {@link #close} may be called from any thread.
 */
public interface Generation extends Iterable<GenerationEvent>, Flow.Publisher<GenerationEvent>, AutoCloseable {
  /** A number that is unique within the generator. */
  long id();

  /**
   * Waits for the next event.
   *
   * @return empty if {@code timeout} passed without one
   * @throws InterruptedException if the thread is interrupted while it waits; the generation goes on
   * @throws NoSuchElementException after {@link GenerationEvent.Finished} was returned, or if the generation is closed
   * @throws GenerationException if the generation failed; thrown again by every later call
   * @throws IllegalStateException if another thread is reading
   */
  Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException;

  /** Asks to stop. The stream then ends with {@link FinishReason#CANCELLED}. Repeating it is harmless. */
  void cancel();

  /** Cancels if still running. Later reads find the end of the stream. Repeating it is harmless. */
  @Override
  void close();

  /**
   * The events as a one-pass blocking iterator. It ends after {@link GenerationEvent.Finished}, or where the generation is
   * closed. {@code hasNext} waits for the next event. An interrupt cancels the generation and is thrown as {@link
   * GenerationException} with the thread's interrupt flag set.
   *
   * @throws GenerationException from {@code hasNext} or {@code next} if the generation failed; thrown again by every later call
   */
  @Override
  default Iterator<GenerationEvent> iterator() {
    return new GenerationIterator(this);
  }

  /**
   * Reads to the end. Events that were read before are not part of the result.
   *
   * @throws GenerationException if the generation failed; thrown again by every later call
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

  /**
   * Hands the events to a subscriber, on a virtual thread of its own. An event is read from the mailbox only when the subscriber
   * has asked for it; a subscriber that does not ask lets the mailbox fill up, and the engine then pauses this generation only.
   *
   * <p>The last event is {@link GenerationEvent.Finished}, followed by {@code onComplete}. A failure is signalled by {@code
   * onError} with a {@link GenerationException}. Cancelling the subscription, asking for less than one event, and a subscriber that
   * throws all close the generation.
   *
   * @param subscriber the only one: a second subscriber, or one beside {@link #toFuture}, gets {@code onError} with an {@link
   *     IllegalStateException}
   */
  @Override
  default void subscribe(Flow.Subscriber<? super GenerationEvent> subscriber) {
    GenerationSubscription.start(this, subscriber);
  }

  /**
   * Starts to read to the end on a virtual thread and returns at once. Cancelling the future, or ending it in any other way such as
   * by {@link CompletableFuture#orTimeout}, closes the generation.
   *
   * @return fails with {@link GenerationException} if the generation fails, and with {@link IllegalStateException} if there is a
   *     subscriber or a future already
   */
  default CompletableFuture<Completion> toFuture() {
    return GenerationFuture.of(this);
  }
}
