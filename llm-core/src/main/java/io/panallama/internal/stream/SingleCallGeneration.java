package io.panallama.internal.stream;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * A generation that ends once its first tool call is whole, for requests that allow one call an answer. The grammar can't be
 * relied on for that: many of llama.cpp's formats allow further calls whatever the request says.
 */
public final class SingleCallGeneration extends WrappedGeneration {
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private final ObjectEnd arguments = new ObjectEnd();
  private boolean called;
  private boolean complete;

  private SingleCallGeneration(Generation generation) {
    super(generation);
  }

  /**
   * The generation with at most one call.
   *
   * @param single whether that is wanted; otherwise the generation is returned as it is
   */
  public static Generation of(Generation generation, boolean single) {
    return single ? new SingleCallGeneration(generation) : generation;
  }

  @Override
  protected Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
    while (events.isEmpty() || isClosed()) {
      long left = Math.max(0, deadline - System.nanoTime());
      Optional<GenerationEvent> event = generation.poll(Duration.ofNanos(left));
      if (event.isPresent()) {
        take(event.get());
      } else if (left == 0) {
        return Optional.empty();
      }
    }
    return Optional.of(events.remove());
  }

  private void take(GenerationEvent event) {
    switch (event) {
      case GenerationEvent.Finished end -> events.add(end(end));
      case GenerationEvent.ToolCallStarted(int index, _, _) when index == 0 -> {
        called = true;
        events.add(event);
      }
      case GenerationEvent.ToolCallArguments(int index, String json) when index == 0 -> {
        events.add(event);
        if (arguments.isReachedBy(json)) {
          complete();
        }
      }
      case GenerationEvent.ToolCallStarted _ -> {}
      case GenerationEvent.ToolCallArguments _ -> {
        // A call after one that has no arguments, in a format that writes nothing for them.
        if (called && !complete && arguments.isUntouched()) {
          events.add(new GenerationEvent.ToolCallArguments(0, "{}"));
          complete();
        }
      }
      // The log-probabilities of the call's tokens come behind it, without a text.
      case GenerationEvent.Text piece when complete -> {
        if (!piece.logprobs().isEmpty()) {
          events.add(new GenerationEvent.Text("", piece.logprobs()));
        }
      }
      default -> {
        if (!complete) {
          events.add(event);
        }
      }
    }
  }

  private void complete() {
    if (!complete) {
      complete = true;
      generation.cancel();
    }
  }

  private GenerationEvent end(GenerationEvent.Finished end) {
    return complete
        ? new GenerationEvent.Finished(FinishReason.TOOL_CALLS, end.usage(), end.timings(), end.stopText())
        : end;
  }

  /** Finds the end of a JSON object that arrives in pieces. */
  private static final class ObjectEnd {
    private int depth;
    private boolean touched;
    private boolean inText;
    private boolean escaped;

    private boolean isUntouched() {
      return !touched;
    }

    /** Whether the object ends within the next piece. */
    private boolean isReachedBy(String piece) {
      touched |= !piece.isEmpty();
      for (int i = 0; i < piece.length(); i++) {
        char c = piece.charAt(i);
        if (escaped) {
          escaped = false;
        } else if (inText) {
          escaped = c == '\\';
          inText = c != '"';
        } else if (c == '"') {
          inText = true;
        } else if (c == '{' || c == '[') {
          depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
          return true;
        }
      }
      return false;
    }
  }
}
