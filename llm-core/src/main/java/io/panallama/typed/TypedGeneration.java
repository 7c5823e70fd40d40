package io.panallama.typed;

import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.CompletionBuilder;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A running generation whose answer becomes a Java value that can be read while it grows.
 *
 * <pre>{@code
 * try (TypedGeneration<Order> answer = engine.generate(request, AnswerType.of(Order.class))) {
 *   for (Order soFar : answer) {
 *     show(soFar); // the last one is the whole order
 *   }
 *   Order order = answer.await();
 * }
 * }</pre>
 *
 * <p>Lifetime and threading are those of a {@link Generation}: one reader at a time, which blocks; {@link #cancel} and {@link #close} may be called from any thread; closing early cancels.
 *
 * @param <T> the type of the answer's value
 */
public final class TypedGeneration<T> implements Iterable<T>, AutoCloseable {
  private final Generation generation;
  private final AnswerType<T> type;
  private final Iterator<GenerationEvent> events;
  private final CompletionBuilder answer = new CompletionBuilder();
  private boolean begun;
  private @Nullable Completion completion;

  /**
   * @param generation of a request from {@link AnswerType#applyTo}; closed with this one
   */
  public TypedGeneration(Generation generation, AnswerType<T> type) {
    this.generation = generation;
    this.type = type;
    this.events = generation.iterator();
  }

  /**
   * Returns the growing answer as a one-pass blocking iterator: each value found by {@link AnswerType#readSoFar} that differs from the previous one. Text that arrived between two reads counts as one step. The last value is the whole answer, unless the iteration ends with an exception or because the generation was closed.
   *
   * @throws AnswerException from {@code hasNext} or {@code next} if there is no complete value at the end
   * @throws GenerationException from the same if the generation failed
   */
  @Override
  public Iterator<T> iterator() {
    return new Values();
  }

  /**
   * Reads to the end, including what an iteration has already read.
   *
   * @throws AnswerException if the answer could not be turned into a value
   * @throws GenerationException if the generation failed
   * @throws IllegalStateException if it was closed before its end was read
   */
  public T await() {
    if (!begun && completion == null) {
      completion = generation.await();
    }
    while (completion == null && events.hasNext()) {
      add(events.next());
    }
    return type.read(completion());
  }

  /**
   * The complete answer with its text, usage and timings.
   *
   * @throws IllegalStateException if its end was not read yet
   */
  public Completion completion() {
    if (completion == null) {
      throw new IllegalStateException("The end of the answer was not read, or the generation is closed.");
    }
    return completion;
  }

  /** The JSON read so far. */
  public String json() {
    return completion == null ? answer.text() : completion.text();
  }

  /** Requests cancellation; the answer is then cut off. Repeating it is harmless. */
  public void cancel() {
    generation.cancel();
  }

  /** Cancels the generation if it is still running. Repeating it is harmless. */
  @Override
  public void close() {
    generation.close();
  }

  private void add(GenerationEvent event) {
    begun = true;
    completion = answer.add(event).orElse(null);
  }

  /** Takes the events that have already arrived: a reader slower than the model need not see every token. */
  private void drain() {
    try {
      while (completion == null) {
        Optional<GenerationEvent> event = generation.poll(Duration.ZERO);
        if (event.isEmpty()) {
          return;
        }
        add(event.get());
      }
    } catch (InterruptedException interrupt) {
      // The next blocking read reports the interrupt.
      Thread.currentThread().interrupt();
    } catch (NoSuchElementException end) {
      // Closed in the meantime; the next blocking read reports that, too.
      return;
    }
  }

  private final class Values implements Iterator<T> {
    private @Nullable T upcoming;
    private @Nullable T last;
    private boolean ended;

    @Override
    public boolean hasNext() {
      while (upcoming == null && !ended) {
        T value = read();
        if (value != null && !value.equals(last)) {
          upcoming = value;
        }
      }
      return upcoming != null;
    }

    /** Returns the value after the next events; null if there is none. */
    private @Nullable T read() {
      if (completion == null && events.hasNext()) {
        add(events.next());
        drain();
        if (completion == null) {
          return type.readSoFar(json()).orElse(null);
        }
      }
      // A failure is thrown again by every later call, as in a generation.
      T whole = completion == null ? null : type.read(completion);
      ended = true;
      return whole;
    }

    @Override
    public T next() {
      if (!hasNext() || upcoming == null) {
        throw new NoSuchElementException("The answer is whole, or the generation is closed.");
      }
      T value = upcoming;
      last = value;
      upcoming = null;
      return value;
    }
  }
}
