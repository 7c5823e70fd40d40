package io.panallama.server.http;

import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import io.panallama.server.dialect.Failures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads several generations as one stream of events, in the order in which they come.
 *
 * <p>A virtual thread per generation waits for its events and hands them over. The queue has room for only a few
 * events: if the client reads slowly, these threads wait, the mailboxes fill, and back-pressure pauses the generations.
 */
final class ChoiceReader implements EventSource {
  /** Events per choice between the threads. */
  private static final int AHEAD = 4;

  private record Handed(int choice, @Nullable GenerationEvent event, @Nullable RuntimeException failure) {}

  private final List<GenerationGroup> groups;
  private final List<Generation> generations;
  private final BlockingQueue<Handed> queue;
  private final List<Thread> threads = new ArrayList<>();
  private int choice;

  ChoiceReader(List<GenerationGroup> groups, UnaryOperator<Generation> around) {
    this.groups = groups;
    generations = groups.stream().flatMap(group -> group.list().stream()).map(around).toList();
    queue = new ArrayBlockingQueue<>(AHEAD * generations.size());
    for (int i = 0; i < generations.size(); i++) {
      int number = i;
      Generation generation = generations.get(i);
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
    } catch (Error fault) {
      handOver(new Handed(choice, null, Failures.of(fault, path -> path)));
    } catch (InterruptedException closed) {
      // The reader was closed.
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

  @Override
  public int choices() {
    return threads.size();
  }

  @Override
  public OptionalInt promptTokens() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt promptTokens(int choice) {
    return generations.get(choice).promptTokens();
  }

  @Override
  public Optional<GenerationEvent> next(Duration timeout) throws InterruptedException {
    Handed handed = queue.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    if (handed == null) {
      return Optional.empty();
    }
    choice = handed.choice();
    if (handed.failure() != null) {
      throw handed.failure();
    }
    return Optional.ofNullable(handed.event());
  }

  @Override
  public int choice() {
    return choice;
  }

  @Override
  public void cancel() {
    groups.forEach(GenerationGroup::cancel);
  }

  /** Ends the threads and the generations. */
  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
    groups.forEach(GenerationGroup::close);
  }
}
