package io.panallama.internal.prepare;

import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where the threads of a {@link PreparationPool} get tasks, such as a connection. One thread at a time waits at it. */
@FunctionalInterface
public interface TaskSource {
  /** A task. Thread-safe. */
  final class Task {
    private final boolean large;
    private final Runnable work;
    private final Consumer<Throwable> refused;
    private @Nullable Job<?> job;
    private boolean cancelled;

    /**
     * @param large whether it may take long; see {@link Lanes}
     * @param work must not throw
     * @param refused gets the reason if it is not done
     */
    public Task(boolean large, Runnable work, Consumer<Throwable> refused) {
      this.large = large;
      this.work = work;
      this.refused = refused;
    }

    boolean large() {
      return large;
    }

    Consumer<Throwable> refused() {
      return refused;
    }

    /** Does it, unless it was cancelled, which refuses it. */
    public void run() {
      if (isCancelled()) {
        refused.accept(new CancellationException("no one waits for this any more"));
      } else {
        work.run();
      }
    }

    void isDoneBy(Job<?> by) {
      boolean late;
      synchronized (this) {
        job = by;
        late = cancelled;
      }
      if (late) {
        by.leave();
      }
    }

    private synchronized boolean isCancelled() {
      return cancelled;
    }

    /** Has it end early, or not begin; what is in its way fails with any exception. Repeating it is harmless. */
    public void cancel() {
      Job<?> by;
      synchronized (this) {
        cancelled = true;
        by = job;
      }
      if (by != null) {
        by.leave();
      }
    }
  }

  /** Waits for the next task; null at the end, and from then on. Must not throw. */
  @Nullable Task next();
}
