package io.panallama.internal.llama;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The resources owned by one object, freed in reverse order. A factory opens several resources; if a step fails, those that are already open are closed.
 *
 * <pre>{@code
 * return Owned.build(owned -> {
 *   model.retain();
 *   owned.onClose(model::release);
 *   MemorySegment chain = owned.add(LlamaCpp.llama_sampler_chain_init(params), LlamaCpp::llama_sampler_free);
 *   return new SamplerChain(owned, chain, ...);
 * });
 * }</pre>
 *
 * <p>Not thread-safe, except for {@link #close}, which closes once.
 */
final class Owned implements AutoCloseable {
  private final Deque<Runnable> closers = new ArrayDeque<>();

  private Owned() {}

  /** Builds an object that owns what {@code make} opens; everything is closed if that fails. */
  static <T> T build(Function<Owned, T> make) {
    Owned owned = new Owned();
    try {
      return make.apply(owned);
    } catch (Throwable failure) {
      try {
        owned.close();
      } catch (Throwable another) {
        failure.addSuppressed(another);
      }
      throw failure;
    }
  }

  /** Owns a resource that is freed by {@code free}. */
  <T> T add(T resource, Consumer<? super T> free) {
    onClose(() -> free.accept(resource));
    return resource;
  }

  /** Owns a resource that closes itself without a checked exception. */
  <T extends Closer> T add(T resource) {
    onClose(resource::close);
    return resource;
  }

  /** Runs {@code closer} when this is closed, or at once if it can't be stored. */
  void onClose(Runnable closer) {
    try {
      push(closer);
    } catch (Throwable failure) {
      closer.run();
      throw failure;
    }
  }

  private synchronized void push(Runnable closer) {
    closers.push(closer);
  }

  /** Closes everything, the latest first, even if one of them fails. Repeating it is harmless. */
  @Override
  public void close() {
    @Nullable Throwable first = null;
    for (Runnable closer = pop(); closer != null; closer = pop()) {
      try {
        closer.run();
      } catch (RuntimeException | Error failure) {
        if (first == null) {
          first = failure;
        } else {
          first.addSuppressed(failure);
        }
      }
    }
    if (first instanceof Error error) {
      throw error;
    }
    if (first instanceof RuntimeException exception) {
      throw exception;
    }
  }

  private synchronized @Nullable Runnable pop() {
    return closers.poll();
  }

  /** A resource whose {@code close} throws no checked exception. */
  interface Closer extends AutoCloseable {
    @Override
    void close();
  }
}
