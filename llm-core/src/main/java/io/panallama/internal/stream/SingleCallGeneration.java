package io.panallama.internal.stream;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Usage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A generation that ends once its first tool call is whole, for requests that allow one call an answer. The grammar can't be
 * relied on for that: many of llama.cpp's formats allow further calls whatever the request says.
 */
public final class SingleCallGeneration extends WrappedGeneration {
  private final Supplier<OptionalInt> callTokens;
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private final ObjectEnd arguments = new ObjectEnd();

  /** How many tokens the answer has up to the end of the call; all that were generated unless that is known. */
  private int tokens = Integer.MAX_VALUE;

  /** Of how many tokens the log-probabilities were handed out. */
  private int scored;

  private boolean called;
  private boolean complete;

  SingleCallGeneration(Generation generation, Supplier<OptionalInt> callTokens) {
    super(generation);
    this.callTokens = callTokens;
  }

  /**
   * The generation with at most one call. It counts the tokens up to the end of the call, and not those that the engine went on to
   * generate until it was told.
   *
   * @param parsers makes parsers of the answer that have read nothing
   */
  public static Generation of(ChatGeneration generation, Supplier<ChatParser> parsers) {
    return new SingleCallGeneration(generation, () -> generation.tokensOfFirstCall(parsers));
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
        int left = Math.clamp((long) tokens - scored, 0, piece.logprobs().size());
        if (left > 0) {
          scored += left;
          events.add(new GenerationEvent.Text("", piece.logprobs().subList(0, left)));
        }
      }
      case GenerationEvent.Text piece -> {
        scored += piece.logprobs().size();
        events.add(piece);
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
      tokens = callTokens.get().orElse(tokens);
    }
  }

  private GenerationEvent end(GenerationEvent.Finished end) {
    if (!complete) {
      return end;
    }
    Usage usage = end.usage().withCompletionTokens(Math.min(tokens, end.usage().completionTokens()));
    return new GenerationEvent.Finished(FinishReason.TOOL_CALLS, usage, end.timings(), end.stopText());
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
