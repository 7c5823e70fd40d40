package io.panallama;

import io.panallama.chat.ToolCall;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A generator that gives what it was told to, and remembers what it was asked. */
public final class ScriptedGenerator implements Generator {
  private static final Usage USAGE = new Usage(3, 1, 2, 0);
  private static final Timings TIMINGS = new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO);

  private final Deque<Object> answers = new ArrayDeque<>();
  private final List<ChatRequest> requests = new ArrayList<>();

  /** The next generation ends with these pieces of text and a reason. */
  public ScriptedGenerator answer(FinishReason reason, String... pieces) {
    List<GenerationEvent> events = new ArrayList<>();
    for (String piece : pieces) {
      events.add(new GenerationEvent.Text(piece, List.of()));
    }
    events.add(new GenerationEvent.Finished(reason, USAGE, TIMINGS));
    answers.add(events);
    return this;
  }

  /** The next generation wants tools called. */
  public ScriptedGenerator calls(ToolCall... calls) {
    List<GenerationEvent> events = new ArrayList<>();
    for (int i = 0; i < calls.length; i++) {
      events.add(new GenerationEvent.ToolCallStarted(i, calls[i].id(), calls[i].name()));
      events.add(new GenerationEvent.ToolCallArguments(i, calls[i].arguments()));
    }
    events.add(new GenerationEvent.Finished(FinishReason.TOOL_CALLS, USAGE, TIMINGS));
    answers.add(events);
    return this;
  }

  /** The next generation says nothing until it is cancelled. */
  public ScriptedGenerator silence() {
    answers.add(new ArrayList<GenerationEvent>());
    return this;
  }

  /** The next request is refused. */
  public ScriptedGenerator refuse(RuntimeException refusal) {
    answers.add(refusal);
    return this;
  }

  /** What was asked, in order. */
  public List<ChatRequest> requests() {
    return requests;
  }

  @Override
  @SuppressWarnings("unchecked")
  public Generation generate(GenerationRequest request) {
    requests.add((ChatRequest) request);
    Object next = answers.remove();
    if (next instanceof RuntimeException refusal) {
      throw refusal;
    }
    return new Scripted(requests.size(), new ArrayDeque<>((List<GenerationEvent>) next));
  }

  private static final class Scripted implements Generation {
    private final long id;
    private final Deque<GenerationEvent> events;
    private final boolean silent;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile boolean closed;

    private Scripted(long id, Deque<GenerationEvent> events) {
      this.id = id;
      this.events = events;
      this.silent = events.isEmpty();
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
      if (silent && events.isEmpty() && !closed) {
        if (!stopped.await(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS)) {
          return Optional.empty();
        }
        events.add(new GenerationEvent.Finished(FinishReason.CANCELLED, USAGE, TIMINGS));
      }
      if (closed) {
        throw new NoSuchElementException("closed");
      }
      // A piece at a time, as a model gives them that is slower than its reader.
      return timeout.isZero() ? Optional.empty() : Optional.of(events.remove());
    }

    @Override
    public void cancel() {
      stopped.countDown();
    }

    @Override
    public void close() {
      closed = true;
      stopped.countDown();
    }
  }
}
