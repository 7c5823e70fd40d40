package io.panallama.generation;

import io.panallama.error.Checks;
import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Several generations from one request; see {@link io.panallama.Generator#generateAll Generator.generateAll}.
 *
 * <p>Each generation can be read individually, ideally by its own virtual thread: the engine pauses a generation whose mailbox is full. {@link #await} reads all of them on one thread. Closing the group closes all.
 *
 * <p>The threading rules are those of {@link Generation}.
 */
public final class GenerationGroup implements AutoCloseable {
  /** The maximum number of generations of one request; OpenAI's own limit of {@code n}. */
  public static final int MAX_SIZE = 128;

  /**
   * How long {@link #await} waits for one generation before it reads the others, whose mailboxes might be full. Each mailbox has room for hundreds of tokens.
   */
  private static final Duration TURN = Duration.ofMillis(20);

  private final List<Generation> list;

  private GenerationGroup(List<Generation> list) {
    this.list = List.copyOf(list);
  }

  /** Starts generations 0 to {@code n - 1}; if one is rejected, those already started are closed. */
  public static GenerationGroup start(int n, IntFunction<Generation> starter) {
    Checks.inRange("n", n, 1, MAX_SIZE);
    List<Generation> started = new ArrayList<>(n);
    try {
      for (int choice = 0; choice < n; choice++) {
        started.add(starter.apply(choice));
      }
      return new GenerationGroup(started);
    } catch (Throwable refused) {
      started.forEach(Generation::close);
      throw refused;
    }
  }

  /** The generations in order, at least one. Unmodifiable. */
  public List<Generation> list() {
    return list;
  }

  /**
   * Reads all of them to the end.
   *
   * @return the answers in order
   * @throws GenerationException if one failed, or the thread is interrupted; the others are then cancelled
   * @throws IllegalStateException if one was closed, or already read to its end
   */
  public List<Completion> await() {
    List<Reading> readings = list.stream().map(Reading::new).toList();
    try {
      List<Reading> open = new ArrayList<>(readings);
      while (!open.isEmpty()) {
        Reading first = open.getFirst();
        first.read(TURN);
        for (Reading reading : open) {
          while (reading.result == null && reading.read(Duration.ZERO)) {
            // Takes the events that have already arrived.
          }
        }
        open.removeIf(reading -> reading.result != null);
      }
      return readings.stream().map(reading -> Objects.requireNonNull(reading.result)).toList();
    } catch (InterruptedException interrupt) {
      cancel();
      Thread.currentThread().interrupt();
      throw new GenerationException(
          GenerationException.Reason.INTERRUPTED, "Interrupted while waiting for the next token.", interrupt);
    } catch (NoSuchElementException over) {
      cancel();
      throw new IllegalStateException("A generation is closed, or was already read to its end.", over);
    } catch (Throwable failed) {
      cancel();
      throw failed;
    }
  }

  /** A generation and the events read from it. */
  private static final class Reading {
    private final Generation generation;
    private final CompletionBuilder answer = new CompletionBuilder();
    private @Nullable Completion result;

    Reading(Generation generation) {
      this.generation = generation;
    }

    /** Takes the next event if one arrives in time. */
    boolean read(Duration patience) throws InterruptedException {
      Optional<GenerationEvent> event = generation.poll(patience);
      event.flatMap(answer::add).ifPresent(end -> result = end);
      return event.isPresent();
    }
  }

  /** Cancels all of them. Repeating it is harmless. */
  public void cancel() {
    list.forEach(Generation::cancel);
  }

  /** Closes all of them, which cancels those still running. Repeating it is harmless. */
  @Override
  public void close() {
    list.forEach(Generation::close);
  }

  @Override
  public String toString() {
    return "GenerationGroup" + list;
  }
}
