package io.panallama.internal.stream;

import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** A generation whose events are made from those of another one, on the reader's thread. */
abstract class WrappedGeneration extends SingleReader {
  private static final Duration LONG = Duration.ofHours(1);

  /** Where the events come from. */
  protected final Generation generation;

  private volatile boolean closed;

  protected WrappedGeneration(Generation generation) {
    this.generation = generation;
  }

  /** Whether it has been closed: {@link #generation} then throws what tells a reader that there are no more events. */
  protected final boolean isClosed() {
    return closed;
  }

  @Override
  public long id() {
    return generation.id();
  }

  @Override
  public OptionalInt promptTokens() {
    return generation.promptTokens();
  }

  @Override
  public Optional<PromptProgress> promptProgress() {
    return generation.promptProgress();
  }

  @Override
  protected Optional<GenerationEvent> nextOfMany() throws InterruptedException {
    return next(LONG);
  }

  @Override
  public void cancel() {
    generation.cancel();
  }

  @Override
  public void close() {
    closed = true;
    generation.close();
  }

  @Override
  public String toString() {
    return generation.toString();
  }
}
