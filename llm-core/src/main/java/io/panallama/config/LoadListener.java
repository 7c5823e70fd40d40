package io.panallama.config;

import io.panallama.error.ModelLoadException;

/** Receives the progress of loading a model. Called on the loading thread. */
@FunctionalInterface
public interface LoadListener {
  /** Ignores the progress and never stops the load. */
  LoadListener NONE = progress -> true;

  /**
   * @param progress 0 to 1, increasing
   * @return false to stop the load, which then fails with {@link ModelLoadException.Reason#CANCELLED}; an exception also stops it and becomes the cause
   */
  boolean progress(float progress);
}
