package io.panallama.internal.prepare;

/**
 * Work that is done in stages.
 *
 * @param <T> what it makes
 */
@FunctionalInterface
public interface Preparation<T> {
  /**
   * Does the work.
   *
   * @param checkpoint to call between two stages: it throws {@link java.util.concurrent.CancellationException} if no one
   *     waits for the result any more
   */
  T run(Runnable checkpoint);
}
