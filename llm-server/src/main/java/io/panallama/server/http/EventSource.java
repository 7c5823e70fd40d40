package io.panallama.server.http;

import io.panallama.error.GenerationException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The events of all choices of a request. For one reader, but for {@link #cancel}, which any thread may call. {@link #close}
 * cancels what still runs.
 */
interface EventSource extends AutoCloseable {
  /** How many choices there are. */
  int choices();

  /** The length of the prompt in tokens, if there is one generation and it tells. */
  OptionalInt promptTokens();

  /** The length of the prompt of a choice in tokens, if its generation tells. For any thread. */
  OptionalInt promptTokens(int choice);

  /** The next state of the prompt, if there is one generation and it tells. */
  default Optional<PromptProgress> promptProgress() {
    return Optional.empty();
  }

  /**
   * Waits for the next event of any choice.
   *
   * @return empty if {@code timeout} passed without one
   * @throws InterruptedException if the server is being stopped
   * @throws GenerationException if one of the generations failed
   */
  Optional<GenerationEvent> next(Duration timeout) throws InterruptedException;

  /** The choice to which the last event, or the last failure, belongs. */
  int choice();

  /** Cancels all generations. Does not block. */
  void cancel();

  @Override
  void close();

  /** The events of a single generation. */
  static EventSource of(Generation generation) {
    return new EventSource() {
      @Override
      public int choices() {
        return 1;
      }

      @Override
      public OptionalInt promptTokens() {
        return generation.promptTokens();
      }

      @Override
      public OptionalInt promptTokens(int choice) {
        return generation.promptTokens();
      }

      @Override
      public Optional<PromptProgress> promptProgress() {
        return generation.promptProgress();
      }

      @Override
      public Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
        return generation.poll(timeout);
      }

      @Override
      public int choice() {
        return 0;
      }

      @Override
      public void cancel() {
        generation.cancel();
      }

      @Override
      public void close() {
        generation.close();
      }
    };
  }
}
