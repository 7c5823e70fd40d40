package io.panallama.generation;

import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A generation that gives the events it is told, as fast as they are read, and counts what is done to it. */
public final class ScriptedGeneration implements Generation {
  private static final Usage USAGE = new Usage(3, 1, 2, 0);
  private static final Timings TIMINGS = new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO);

  /** Events, or exceptions to throw from there on. */
  private final BlockingQueue<Object> script = new LinkedBlockingQueue<>();

  private final AtomicInteger reads = new AtomicInteger();
  private volatile boolean finished;
  private volatile boolean closed;

  /** The next piece of text. */
  public ScriptedGeneration text(String piece) {
    return event(new GenerationEvent.Text(piece, List.of()));
  }

  /** Any next event. */
  public ScriptedGeneration event(GenerationEvent event) {
    script.add(event);
    return this;
  }

  /** The end. */
  public ScriptedGeneration finish(FinishReason reason) {
    return event(new GenerationEvent.Finished(reason, USAGE, TIMINGS));
  }

  /** The end by a fault. */
  public ScriptedGeneration fail(GenerationException.Reason reason) {
    script.add(reason);
    return this;
  }

  /** How many events were read. */
  public int reads() {
    return reads.get();
  }

  /** Whether the end was read. */
  public boolean isFinished() {
    return finished;
  }

  public boolean isClosed() {
    return closed;
  }

  @Override
  public long id() {
    return 1;
  }

  @Override
  public Optional<GenerationEvent> poll(Duration timeout) throws InterruptedException {
    if (finished || closed) {
      throw new NoSuchElementException();
    }
    Object next = script.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    if (next instanceof GenerationException.Reason reason) {
      script.add(reason);
      throw new GenerationException(reason, "It failed.", null);
    }
    if (next == null) {
      return Optional.empty();
    }
    reads.incrementAndGet();
    finished = next instanceof GenerationEvent.Finished;
    return Optional.of((GenerationEvent) next);
  }

  @Override
  public void cancel() {
    List<Object> dropped = new ArrayList<>();
    script.drainTo(dropped);
    finish(FinishReason.CANCELLED);
  }

  @Override
  public void close() {
    closed = true;
    cancel();
  }
}
