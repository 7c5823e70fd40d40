package io.panallama.generation;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Creates the virtual threads that read generations for subscribers and futures, at most one per generation.
 *
 * <p>They block in Java only, never in native code. The set of generations does not keep any of them in memory.
 */
final class Readers {
  private static final System.Logger LOG = System.getLogger("io.panallama");
  private static final AtomicLong NUMBER = new AtomicLong();

  /** The generations that have a reader, compared by identity. */
  private static final Set<Generation> CLAIMED =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private Readers() {}

  /** Claims a generation; returns whether the caller is the first to do so and therefore its only reader. */
  static boolean claim(Generation generation) {
    return CLAIMED.add(generation);
  }

  static IllegalStateException alreadyClaimed(Generation generation) {
    return new IllegalStateException(generation + " has a subscriber or a future already; it can be read only once.");
  }

  /** Creates a reading thread without starting it. */
  static Thread unstarted(Runnable task) {
    return Thread.ofVirtual()
        .name("panallama-reader-" + NUMBER.incrementAndGet())
        .uncaughtExceptionHandler((dead, error) ->
            LOG.log(
                System.Logger.Level.ERROR, "The subscriber of a generation threw on " + dead.getName() + ".", error))
        .unstarted(task);
  }
}
