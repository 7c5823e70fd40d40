package io.panallama.internal.decode;

import org.jspecify.annotations.Nullable;

/**
 * A generation's sampler with its state, opaque to policy. Used by the engine thread once the generation is submitted.
 */
public interface TokenSampler extends AutoCloseable {
  /**
   * The text of a control token that is visible in this generation's output, such as the tag around a tool call; null
   * for any other token.
   */
  default byte @Nullable [] visibleControlToken(int token) {
    return null;
  }

  /** The length of the longest such text in bytes. */
  default int longestVisibleControlToken() {
    return 0;
  }

  /**
   * Puts a new sampler into the state of one that has chosen these tokens. Random numbers continue where they were, as
   * far as that can be known from the tokens alone.
   */
  default void replay(int[] tokens) {}

  @Override
  void close();
}
