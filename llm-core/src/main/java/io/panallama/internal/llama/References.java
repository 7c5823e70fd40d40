package io.panallama.internal.llama;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who still needs a native object, so that it is freed by the last one, on whichever thread that is.
 *
 * <p>The owner holds one reference from the start and gives it back with {@link #close}; after that nobody new gets in,
 * but those inside may finish.
 */
final class References {
  private static final int CLOSED = 1 << 30;

  private final String what;
  private final Runnable free;

  /** How many references there are; with {@link #CLOSED} added once the owner has let go. */
  private final AtomicInteger state = new AtomicInteger(1);

  References(String what, Runnable free) {
    this.what = what;
    this.free = free;
  }

  /**
   * @throws IllegalStateException if the owner has let go
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

  /** The owner lets go. Repeating it is harmless. */
  void close() {
    int before = state.getAndUpdate(value -> value >= CLOSED ? value : value + CLOSED);
    if (before < CLOSED) {
      release();
    }
  }

  boolean isClosed() {
    return state.get() >= CLOSED;
  }
}
