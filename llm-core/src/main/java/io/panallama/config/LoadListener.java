package io.panallama.config;

import io.panallama.error.ModelLoadException;

/** Told how far a model has loaded. Called on the loading thread. */
@FunctionalInterface
public interface LoadListener {
  /** Hears nothing and never stops the load. */
  LoadListener NONE = progress -> true;

  /**
   * @param progress 0 to 1, growing
   * @return false to stop the load, which then fails with {@link ModelLoadException.Reason#CANCELLED}; throwing stops it
   *     likewise and the exception becomes the cause
   */
  boolean progress(float progress);
}
