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
 * A running generation whose answer becomes a Java value, readable while it grows.
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
 * <p>Lifetime and threads are those of a {@link Generation}: one reader at a time, which blocks; {@link #cancel} and {@link #close}
 * from any thread; closing early cancels.
 *
 * @param <T> what the answer becomes
 */
public final class TypedGeneration<T> implements Iterable<T>, AutoCloseable {
  private final Generation generation;
  private final AnswerType<T> type;
  private final Iterator<GenerationEvent> events;
  private final CompletionBuilder answer = new CompletionBuilder();
  private boolean begun;
  private @Nullable Completion completion;

  /**
   * @param generation of a request that {@link AnswerType#applyTo} made; closed with this one
   */
  public TypedGeneration(Generation generation, AnswerType<T> type) {
    this.generation = generation;
    this.type = type;
    this.events = generation.iterator();
  }

  /**
   * The answer as it grows, as a one-pass blocking iterator: each value that {@link AnswerType#readSoFar} finds and that is not
   * equal to the one before. Text that arrived between two reads makes one step. The last one is the whole answer, unless the iteration ends by
   * an exception or because the generation was closed.
   *
   * @throws AnswerException from {@code hasNext} or {@code next} if there is no whole value in the end
   * @throws GenerationException from the same if the generation failed
   */
  @Override
  public Iterator<T> iterator() {
    return new Values();
  }

  /**
   * Reads to the end; what an iteration has read already counts.
   *
   * @throws AnswerException if the answer did not become a value
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
   * The whole answer with its text and what it took.
   *
   * @throws IllegalStateException if its end was not read yet
   */
  public Completion completion() {
    if (completion == null) {
      throw new IllegalStateException("The end of the answer was not read, or the generation is closed.");
    }
    return completion;
  }

  /** The JSON that was read so far. */
  public String json() {
    return completion == null ? answer.text() : completion.text();
  }

  /** Asks to stop; the answer then is cut off. Repeating it is harmless. */
  public void cancel() {
    generation.cancel();
  }

  /** Cancels if still running. Repeating it is harmless. */
  @Override
  public void close() {
    generation.close();
  }

  private void add(GenerationEvent event) {
    begun = true;
    completion = answer.add(event).orElse(null);
  }

  /** Takes the events that have arrived already: a reader slower than the model need not see every token. */
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
      // The next blocking read says so.
      Thread.currentThread().interrupt();
    } catch (NoSuchElementException end) {
      // Closed meanwhile: likewise.
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

    /** What there is after the next events; null if that is no value. */
    private @Nullable T read() {
      if (completion == null && events.hasNext()) {
        add(events.next());
        drain();
        if (completion == null) {
          return type.readSoFar(json()).orElse(null);
        }
      }
      // A failure is thrown again by every later call, as a generation does it.
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
