package io.panallama.internal.engine;

import io.panallama.error.PanallamaException;
import org.jspecify.annotations.Nullable;

/** Notices that the model can no longer be computed. Asked by any thread, before each step; must not block. */
@FunctionalInterface
public interface ModelCheck {
  /** A model that is always usable. */
  ModelCheck NONE = () -> null;

  /** Why nothing may be computed any more; null if it may. */
  @Nullable PanallamaException obstacle();
}
