package io.panallama.internal.decode;

/**
 * A sample that needs more work than fits into a step, because matching its grammar is expensive. It owns a copy of its
 * logits, so it can be taken while the engine computes other steps.
 *
 * <p>Used by one thread at a time, except for {@link #cancel}. Its sampler must not be used or closed while {@link #run}
 * runs.
 */
public interface DeferredSample {
  /**
   * Takes the sample on the calling thread. What it comes to, also a failure, is known once {@link Outputs#addDeferred}
   * has added it to a list and that list is taken.
   *
   * @param limitNanos the time after which it fails
   */
  void run(long limitNanos);

  /** Makes {@link #run} end soon. Thread-safe until {@link #close}. */
  void cancel();

  /** Frees its memory. Not while {@link #run} runs. */
  void close();
}
