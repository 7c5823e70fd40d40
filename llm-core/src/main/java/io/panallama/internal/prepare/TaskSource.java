package io.panallama.internal.prepare;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where the threads of a {@link PreparationPool} get tasks, such as a connection. One thread at a time waits at it. */
@FunctionalInterface
public interface TaskSource {
  /**
   * A task.
   *
   * @param large whether it may take long; see {@link Lanes}
   * @param work must not throw
   * @param refused gets the reason if it is not done
   */
  record Task(boolean large, Runnable work, Consumer<Throwable> refused) {}

  /** Waits for the next task; null at the end, and from then on. Must not throw. */
  @Nullable Task next();
}
