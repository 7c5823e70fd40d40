package io.panallama.models;

/** Receives the progress of a model that is fetched; called on the threads that do the work, one at a time. */
@FunctionalInterface
public interface PullListener {
  /** Ignores the progress and never stops. */
  PullListener NONE = progress -> true;

  /**
   * Called now and then.
   *
   * @return false to stop, which ends in {@link ModelPullException.Reason#CANCELLED}
   */
  boolean progress(PullProgress progress);
}
