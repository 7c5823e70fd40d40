package io.panallama.internal.llama;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A resource that is created on first use and closed with its owner. After this is closed nothing is created, so an owner leaves nothing behind if it closes this before the resource's dependencies. Thread-safe.
 */
public final class OnDemand<T> implements AutoCloseable {
  private final String what;
  private final Supplier<T> make;
  private final Consumer<? super T> free;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable T resource;
  private boolean closed;

  /**
   * @param what names the owner in the message of {@link #get}
   */
  public OnDemand(String what, Supplier<T> make, Consumer<? super T> free) {
    this.what = what;
    this.make = make;
    this.free = free;
  }

  /**
   * Returns the resource. If creating it fails, the next call tries again.
   *
   * @throws IllegalStateException if this is closed
   */
  public T get() {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("The " + what + " is closed.");
      }
      T known = resource;
      if (known == null) {
        known = make.get();
        resource = known;
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  /** Closes the resource if there is one; waits while it is being created. Repeating it is harmless. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      T known = resource;
      resource = null;
      if (known != null) {
        free.accept(known);
      }
    } finally {
      lock.unlock();
    }
  }
}
