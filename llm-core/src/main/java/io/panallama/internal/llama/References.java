package io.panallama.internal.llama;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the users of a native object; the last one to release it frees it, on its own thread.
 *
 * <p>The owner holds one reference from the start and releases it with {@link #close}. After that nothing new can retain the object, while existing references stay valid. Thread-safe.
 */
final class References {
  private static final int CLOSED = 1 << 30;

  private final String what;
  private final Runnable free;

  /** The number of references, plus {@link #CLOSED} once the owner has closed it. */
  private final AtomicInteger state = new AtomicInteger(1);

  References(String what, Runnable free) {
    this.what = what;
    this.free = free;
  }

  /**
   * @throws IllegalStateException if the owner has closed it
   */
  void retain() {
    int before = state.getAndUpdate(value -> value >= CLOSED ? value : value + 1);
    if (before >= CLOSED) {
      throw new IllegalStateException("The " + what + " is closed.");
    }
  }

  void release() {
    if (state.decrementAndGet() == CLOSED) {
      free.run();
    }
  }

  /** Releases the owner's reference. Repeating it is harmless. */
  void close() {
    int before = state.getAndUpdate(value -> value >= CLOSED ? value : value + CLOSED);
    if (before < CLOSED) {
      release();
    }
  }

  boolean isClosed() {
    return state.get() >= CLOSED;
  }

  /** Whether it was closed and the last reference was released. */
  boolean isFreed() {
    return state.get() == CLOSED;
  }
}
