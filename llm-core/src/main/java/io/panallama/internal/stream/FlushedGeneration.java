package io.panallama.internal.stream;

import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.StreamFlush;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A generation whose text and reasoning are delivered in whole words or sentences, split on the reader's thread.
 * Held-back text is released before any other event, before the end and before a failure.
 */
public final class FlushedGeneration extends WrappedGeneration {
  private final TextBorders borders;
  private final Queue<GenerationEvent> ready = new ArrayDeque<>();
  private final StringBuilder held = new StringBuilder();
  private boolean holdsReasoning;
  private List<TokenLogprobs> logprobs = new ArrayList<>();
  private @Nullable GenerationException failure;

  private FlushedGeneration(Generation generation, StreamFlush flush) {
    super(generation);
    this.borders = new TextBorders(flush);
  }

  public static Generation of(Generation generation, StreamFlush flush) {
    return flush == StreamFlush.TOKEN ? generation : new FlushedGeneration(generation, flush);
  }

  @Override
  protected Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
    while (true) {
      if (isClosed()) {
        // Throws the exception that tells the reader that there are no more events.
        return generation.poll(Duration.ZERO);
      }
      if (!ready.isEmpty()) {
        return Optional.of(ready.remove());
      }
      if (failure != null) {
        throw again(failure);
      }
      long left = Math.max(0, deadline - System.nanoTime());
      try {
        Optional<GenerationEvent> event = generation.poll(Duration.ofNanos(left));
        if (event.isPresent()) {
          take(event.get());
        } else if (left == 0) {
          return Optional.empty();
        }
      } catch (GenerationException failed) {
        failure = failed;
        flush();
      }
    }
  }

  private void take(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Text piece -> {
        hold(piece.text(), false);
        logprobs.addAll(piece.logprobs());
        giveAway();
      }
      case GenerationEvent.Reasoning piece -> {
        hold(piece.text(), true);
        giveAway();
      }
      default -> {
        flush();
        ready.add(event);
      }
    }
  }

  private void hold(String text, boolean reasoning) {
    if (reasoning != holdsReasoning) {
      flush();
      holdsReasoning = reasoning;
    }
    held.append(text);
  }

  private void giveAway() {
    int border = held.isEmpty() ? 0 : borders.firm(held.toString());
    if (border > 0) {
      give(border);
    }
  }

  private void flush() {
    if (!held.isEmpty() || !logprobs.isEmpty()) {
      give(held.length());
    }
  }

  /** The first piece carries the log-probabilities of all tokens whose text has begun. */
  private void give(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    if (holdsReasoning) {
      ready.add(new GenerationEvent.Reasoning(text));
    } else {
      ready.add(new GenerationEvent.Text(text, logprobs));
      logprobs = new ArrayList<>();
    }
  }

  /** The borders of pieces do not affect the whole answer; only text that is already held back must come first. */
  @Override
  public Completion await() {
    boolean untouched = ready.isEmpty() && held.isEmpty() && logprobs.isEmpty() && failure == null;
    return untouched ? generation.await() : super.await();
  }
}
