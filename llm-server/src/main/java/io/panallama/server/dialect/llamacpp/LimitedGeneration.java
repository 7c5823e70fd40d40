package io.panallama.server.dialect.llamacpp;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A generation that ends at {@link LineLimits}. Its threads are those of the generation that it wraps. */
final class LimitedGeneration implements Generation {
  private static final long NOT_STARTED = Long.MIN_VALUE;

  private final Generation inner;
  private final LineLimits limits;

  /** Nanoseconds of the first token. */
  private long started = NOT_STARTED;

  /** Spaces and tabs so far at the beginning of a line; -1 behind them, and in the first line. */
  private int indent = -1;

  /** Why it ended; null while it goes on. */
  private @Nullable FinishReason ended;

  LimitedGeneration(Generation inner, LineLimits limits) {
    this.inner = inner;
    this.limits = limits;
  }

  @Override
  public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
    long until = System.nanoTime() + timeout.toNanos();
    while (true) {
      Optional<GenerationEvent> next = inner.poll(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
      if (next.isEmpty()) {
        return next;
      }
      switch (next.get()) {
        case GenerationEvent.Finished end when ended != null -> {
          return Optional.of(new GenerationEvent.Finished(ended, end.usage(), end.timings()));
        }
        case GenerationEvent.Text piece -> {
          if (ended == null) {
            GenerationEvent.Text kept = kept(piece);
            if (ended != null) {
              inner.cancel();
            }
            return Optional.of(kept);
          }
        }
        case GenerationEvent other -> {
          return Optional.of(other);
        }
      }
    }
  }

  /** The part of a piece that belongs to the answer. */
  private GenerationEvent.Text kept(GenerationEvent.Text piece) {
    long now = System.nanoTime();
    if (started == NOT_STARTED) {
      started = now;
    }
    String text = piece.text();
    boolean late = limits.millis() > 0 && now - started > limits.millis() * 1_000_000L;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ' ' || c == '\t') {
        indent += indent >= 0 ? 1 : 0;
        continue;
      }
      if (indent >= 0 && indent < limits.indent()) {
        ended = FinishReason.LENGTH;
        return new GenerationEvent.Text(text.substring(0, i), piece.logprobs());
      }
      indent = c == '\n' ? 0 : -1;
      if (c == '\n' && late) {
        ended = FinishReason.TIME_LIMIT;
        return piece;
      }
    }
    return piece;
  }

  @Override
  public long id() {
    return inner.id();
  }

  @Override
  public OptionalInt promptTokens() {
    return inner.promptTokens();
  }

  @Override
  public Optional<PromptProgress> promptProgress() {
    return inner.promptProgress();
  }

  @Override
  public void cancel() {
    inner.cancel();
  }

  @Override
  public void close() {
    inner.close();
  }
}
