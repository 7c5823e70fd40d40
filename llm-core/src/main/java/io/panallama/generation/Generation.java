package io.panallama.generation;

import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/**
 * A running generation: one stream of events, read once, in one of four ways.
 *
 * <ul>
 *   <li>{@link #iterator} in a {@code for} loop, and {@link #poll} with a timeout: blocking, event by event;
 *   <li>{@link #await}: blocking, the whole answer;
 *   <li>{@link #subscribe}: a {@link Flow.Publisher} with back-pressure;
 *   <li>{@link #toFuture}: the whole answer as a {@link java.util.concurrent.CompletionStage}.
 * </ul>
 *
 * <p>Lifetime: from {@link io.panallama.Generator#generate Generator.generate} until it finishes, is cancelled, or is
 * closed. Closing a generation that is still running cancels it and frees its sequence within one step, so leaving a
 * try-with-resources block early cancels.
 *
 * <p>Threads: one reader at a time, usually a virtual thread. {@link #cancel} and {@link #close} may be called from any
 * thread.
 */
public interface Generation extends Iterable<GenerationEvent>, Flow.Publisher<GenerationEvent>, AutoCloseable {
  /** A number that is unique within the generator. */
  long id();

  /**
   * The number of tokens in the prompt, as {@link Usage#promptTokens} will report it at the end; empty if the generator does
   * not tell.
   */
  default OptionalInt promptTokens() {
    return OptionalInt.empty();
  }

  /**
   * Takes the next state of the prompt while it is computed: first the one at the beginning, then the one after the latest
   * step, and at last that with the whole prompt, before the first token. Does not wait. Who reads seldom misses states in
   * between, and all may be left unread.
   *
   * @return empty if there is none (yet), or the generator does not tell
   */
  default Optional<PromptProgress> promptProgress() {
    return Optional.empty();
  }

  /**
   * Waits for the next event.
   *
   * @return empty if {@code timeout} passed without one
   * @throws InterruptedException if the thread is interrupted while it waits; the generation continues
   * @throws NoSuchElementException after {@link GenerationEvent.Finished} was returned, or if the generation is closed
   * @throws GenerationException if the generation failed; thrown again by every later call
   * @throws IllegalStateException if another thread is reading
   */
  Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException;

  /** Requests cancellation. The stream then ends with {@link FinishReason#CANCELLED}. Repeating it is harmless. */
  void cancel();

  /**
   * Cancels the generation if it is still running. Later reads find the end of the stream. Repeating it is harmless.
   */
  @Override
  void close();

  /**
   * Returns the events as a one-pass blocking iterator. It ends after {@link GenerationEvent.Finished}, or when the
   * generation is closed. {@code hasNext} waits for the next event. An interrupt cancels the generation and is thrown
   * as {@link GenerationException} with the thread's interrupt flag set.
   *
   * @throws GenerationException from {@code hasNext} or {@code next} if the generation failed; thrown again by every
   *     later call
   */
  @Override
  default Iterator<GenerationEvent> iterator() {
    return new GenerationIterator(this);
  }

  /**
   * Reads to the end. Events that were already read are not part of the result.
   *
   * @throws GenerationException if the generation failed; thrown again by every later call
   * @throws IllegalStateException if it was closed, or already read to its end
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
   * Passes the events to a subscriber, on a dedicated virtual thread. An event is read from the mailbox only when the
   * subscriber has requested it; without demand the mailbox fills up, and the engine then pauses only this generation.
   *
   * <p>The last event is {@link GenerationEvent.Finished}, followed by {@code onComplete}. A failure is signalled by
   * {@code onError} with a {@link GenerationException}. The generation is closed if the subscription is cancelled, if
   * the subscriber requests less than one event, or if it throws.
   *
   * @param subscriber the only one: a second subscriber, or one in addition to {@link #toFuture}, gets {@code onError}
   *     with an {@link IllegalStateException}
   */
  @Override
  default void subscribe(Flow.Subscriber<? super GenerationEvent> subscriber) {
    GenerationSubscription.start(this, subscriber);
  }

  /**
   * Starts reading to the end on a virtual thread and returns at once. Cancelling the future, or completing it in any
   * other way such as by {@link CompletableFuture#orTimeout}, closes the generation.
   *
   * @return a future that fails with {@link GenerationException} if the generation fails, and with
   *     {@link IllegalStateException} if it already has a subscriber or a future
   */
  default CompletableFuture<Completion> toFuture() {
    return GenerationFuture.of(this);
  }
}
