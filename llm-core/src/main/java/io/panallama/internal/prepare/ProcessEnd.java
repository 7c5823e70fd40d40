package io.panallama.internal.prepare;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ends the pools that are working when the process ends: llama.cpp's libraries must not be unloaded while a thread
 * computes in them. The hook for that exists only while there is such a pool, so that it keeps nothing alive.
 */
final class ProcessEnd {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** Longer than one stage of a preparation takes. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private static final Set<PreparationPool> WORKING = new HashSet<>();
  private static @Nullable Thread hook;

  private ProcessEnd() {}

  /** A pool has threads; repeating it is harmless. */
  static void add(PreparationPool pool) {
    synchronized (WORKING) {
      WORKING.add(pool);
      if (hook == null) {
        Thread fresh = new Thread(ProcessEnd::closeAll, "panallama-prepare-shutdown");
        if (changed(() -> Runtime.getRuntime().addShutdownHook(fresh))) {
          hook = fresh;
        }
      }
    }
  }

  /** A pool has no threads. */
  static void remove(PreparationPool pool) {
    synchronized (WORKING) {
      WORKING.remove(pool);
      Thread old = hook;
      if (old != null && WORKING.isEmpty()) {
        changed(() -> Runtime.getRuntime().removeShutdownHook(old));
        hook = null;
      }
    }
  }

  /** Changes the hooks, unless the process is ending already. */
  private static boolean changed(Runnable change) {
    try {
      change.run();
      return true;
    } catch (IllegalStateException ending) {
      return false;
    }
  }

  private static void closeAll() {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    List<PreparationPool> pools;
    synchronized (WORKING) {
      pools = List.copyOf(WORKING);
    }
    pools.forEach(PreparationPool::close);
    for (PreparationPool pool : pools) {
      if (!pool.awaitEnd(Duration.ofNanos(deadline - System.nanoTime()))) {
        LOG.log(
            System.Logger.Level.WARNING, "A request is still being prepared; the program ends without waiting for it.");
      }
    }
  }
}
