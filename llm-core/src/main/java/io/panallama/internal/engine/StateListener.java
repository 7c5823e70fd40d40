package io.panallama.internal.engine;

import io.panallama.internal.decode.StateImage;
import org.jspecify.annotations.Nullable;

/** Receives the state after the prompt instead of an answer. */
interface StateListener extends SequenceListener {
  /**
   * Passes the state; {@link #ended} follows.
   *
   * @param image owned by the listener; null if the state can't be copied
   */
  void state(@Nullable StateImage image);
}
