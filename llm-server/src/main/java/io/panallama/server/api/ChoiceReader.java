package io.panallama.server.api;

import io.panallama.error.GenerationException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads several generations as one stream of events, in the order in which they come.
 *
 * <p>A virtual thread per generation waits for its events and hands them over. There is room for a few only: if the client
 * reads slowly, these threads wait, the mailboxes fill, and the engine lets the generations sit out.
 *
 * <p>For one reader. {@link #close} ends the threads.
 */
final class ChoiceReader implements AutoCloseable {
  /** Events per choice between the threads. */
  private static final int AHEAD = 4;

  /** An event of one of the generations. */
  record Piece(int choice, GenerationEvent event) {}

  private record Handed(int choice, @Nullable GenerationEvent event, @Nullable RuntimeException failure) {}

  private final BlockingQueue<Handed> queue;
  private final List<Thread> threads = new ArrayList<>();

  ChoiceReader(GenerationGroup group) {
    List<Generation> generations = group.list();
    queue = new ArrayBlockingQueue<>(AHEAD * generations.size());
    for (int choice = 0; choice < generations.size(); choice++) {
      int number = choice;
      Generation generation = generations.get(choice);
      threads.add(Thread.ofVirtual().name("panallama-choice-" + number).start(() -> read(number, generation)));
    }
  }

  private void read(int choice, Generation generation) {
    try {
      for (GenerationEvent event : generation) {
        queue.put(new Handed(choice, event, null));
      }
    } catch (RuntimeException failed) {
      handOver(new Handed(choice, null, failed));
    } catch (InterruptedException closed) {
      // Nobody reads any more.
      Thread.currentThread().interrupt();
    }
  }

  private void handOver(Handed failure) {
    try {
      queue.put(failure);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for the next event of any of them.
   *
   * @return empty if {@code timeout} passed without one
   * @throws GenerationException if one of them failed
   */
  Optional<Piece> next(Duration timeout) throws InterruptedException {
    Handed handed = queue.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    if (handed == null) {
      return Optional.empty();
    }
    if (handed.failure() != null) {
      throw handed.failure();
    }
    return handed.event() == null ? Optional.empty() : Optional.of(new Piece(handed.choice(), handed.event()));
  }

  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
  }
}
