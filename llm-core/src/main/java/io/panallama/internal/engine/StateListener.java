package io.panallama.internal.engine;

import io.panallama.internal.decode.StateImage;
import org.jspecify.annotations.Nullable;

/** Wants the state after the prompt instead of an answer. */
interface StateListener extends SequenceListener {
  /**
   * The state; {@link #ended} follows.
   *
   * @param image the listener's own; null if the state can't be copied
   */
  void state(@Nullable StateImage image);
}
