package io.panallama.internal.engine;

import org.jspecify.annotations.Nullable;

/** Is told how a generation leaves its tokens. Called on the engine thread, before the reader hears of the end. */
public interface SequenceListener {
  /** Whether the state after the prompt is wanted instead of an answer. Always the same. */
  default boolean wantsState() {
    return false;
  }

  /**
   * The state after the prompt, if it is wanted; {@link #ended} follows.
   *
   * @param image the listener's own; null if the state can't be copied
   */
  default void state(@Nullable StateImage image) {
    throw new UnsupportedOperationException("the state was not asked for");
  }

  /**
   * The generation ended, for whatever reason of its own.
   *
   * @param tokens prompt and completion as the model saw them last; the listener's own
   */
  void ended(int[] tokens);

  /** The generation failed. */
  void failed();
}
