package io.panallama.internal.worker;

import io.panallama.error.GenerationException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.internal.prepare.TaskSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A generation of a worker on its way to the supervisor. Read by one thread; {@link #cancel} and {@link #credit} may be
 * called by any.
 */
final class Outgoing implements IntConsumer {
  /** A reader without demand gets nothing; its engine pauses the generation when the mailbox is full. */
  private final Semaphore credits;

  private static final int UNLIMITED = 1 << 24;

  /** How often a thread that waits for the first event looks how far the prompt is. */
  private static final Duration GLANCE = Duration.ofMillis(20);

  private final long id;
  private final List<GenerationEvent> events = new ArrayList<>();
  private int[] tokens = new int[16];
  private int count;
  private boolean ended;
  private boolean told;
  private boolean sent;
  private int promptTokens;
  private @Nullable Generation generation;
  private TaskSource.@Nullable Task preparation;
  private boolean cancelled;

  Outgoing(long id, int credits) {
    this.id = id;
    this.credits = new Semaphore(credits);
  }

  long id() {
    return id;
  }

  /** Whether anything of it was written. */
  boolean hasSent() {
    return sent;
  }

  boolean hasEnded() {
    return ended;
  }

  /** A token was read. */
  @Override
  public void accept(int token) {
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * count);
    }
    tokens[count++] = token;
  }

  void credit(int more) {
    credits.release(more);
  }

  /** It is prepared by a task, which a cancellation ends. */
  void preparedBy(TaskSource.Task task) {
    synchronized (this) {
      preparation = task;
    }
  }

  void cancel() {
    Generation running;
    TaskSource.Task preparing;
    synchronized (this) {
      if (cancelled) {
        return;
      }
      cancelled = true;
      running = generation;
      preparing = preparation;
    }
    if (running != null) {
      running.cancel();
    } else if (preparing != null) {
      preparing.cancel();
    }
    // Nobody waits for the events in between, but the end must arrive.
    credits.release(UNLIMITED);
  }

  /**
   * It is in the engine. The supervisor learns of that with the first token, or before by {@link #tell}.
   *
   * @param length the length of its prompt
   */
  void started(Generation running, int length) {
    boolean late;
    promptTokens = length;
    synchronized (this) {
      generation = running;
      late = cancelled;
    }
    if (late) {
      running.cancel();
    }
  }

  private Generation generation() {
    synchronized (this) {
      if (generation == null) {
        throw new IllegalStateException("the generation has not started");
      }
      return generation;
    }
  }

  /** Writes that it is in the engine, unless that was written. */
  void tell(Output out) {
    if (!told) {
      told = true;
      out.begin(FrameKind.ACCEPTED).put(id).put(promptTokens).end();
    }
  }

  /** Writes what can be read without waiting. */
  void drain(Output out) {
    try {
      prompt(out);
      while (credits.tryAcquire()) {
        if (!read(Duration.ZERO)) {
          credits.release();
          break;
        }
      }
      write(out);
    } catch (InterruptedException impossible) {
      throw new IllegalStateException("Reading without waiting was interrupted.", impossible);
    } catch (GenerationException | IllegalStateException | NoSuchElementException | OutOfMemoryError failure) {
      fail(out, failure);
    }
  }

  /**
   * Waits for something to read and for demand, and writes it.
   *
   * @param patience after which it only tells that it is in the engine, unless that was told
   */
  void await(Output out, Duration patience) throws InterruptedException {
    try {
      credits.acquire();
      boolean arrived = !told && read(patience);
      if (!arrived && !told) {
        credits.release();
        tell(out);
        return;
      }
      while (!arrived) {
        arrived = read(sent ? Duration.ofHours(1) : GLANCE);
        if (!arrived && prompt(out)) {
          credits.release();
          return;
        }
      }
    } catch (GenerationException | IllegalStateException | NoSuchElementException | OutOfMemoryError failure) {
      fail(out, failure);
      return;
    }
    drain(out);
  }

  /** Writes how far the prompt is, before the first event. Returns whether there was something to write. */
  private boolean prompt(Output out) {
    boolean some = false;
    while (!sent) {
      Optional<PromptProgress> state = generation().promptProgress();
      if (state.isEmpty()) {
        break;
      }
      out.begin(FrameKind.PROMPT).put(id);
      EventCodec.write(out, state.get());
      out.end();
      some = true;
    }
    return some;
  }

  private boolean read(Duration timeout) throws InterruptedException {
    if (ended) {
      return false;
    }
    Optional<GenerationEvent> event = generation().poll(timeout);
    event.ifPresent(one -> {
      events.add(one);
      ended = one instanceof GenerationEvent.Finished;
    });
    return event.isPresent();
  }

  private void write(Output out) {
    if (count > 0 || !events.isEmpty()) {
      out.begin(FrameKind.EVENTS)
          .put(id)
          .put(told ? 0 : promptTokens + 1)
          .put(tokens, count)
          .put(events, EventCodec::write)
          .end();
      told = true;
      sent = true;
      count = 0;
      events.clear();
    }
  }

  private void fail(Output out, Throwable failure) {
    write(out);
    ended = true;
    tell(out);
    out.begin(FrameKind.BROKEN).put(id);
    FailureCodec.write(out, failure);
    out.end();
  }

  /** Frees what an ended generation holds. */
  void close() {
    generation().close();
  }
}
