package io.panallama.internal.cache;

import io.panallama.internal.decode.Lineage;

/** The cache's view of an active sequence's tokens. Tokens are only appended; engine thread only. */
public interface CachedText {
  /** What determines the state besides the tokens; it never changes. */
  Lineage lineage();

  /** The array that holds the tokens, longer than they are. Do not keep it: it is replaced as the sequence grows. */
  int[] tokens();

  /** Number of prompt and generated tokens together. */
  int length();

  /** Number of prompt tokens. */
  int promptLength();

  /**
   * How many of its first tokens may be taken from a cache: all but the last, whose output is always needed, or fewer if those of
   * other tokens are, too.
   */
  int reusableLength();

  /** Whether the prompt is still being computed, so that waiting for it can pay off. */
  boolean isPrefilling();
}
