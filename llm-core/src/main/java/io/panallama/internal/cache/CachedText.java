package io.panallama.internal.cache;

import io.panallama.internal.decode.Lineage;

/** The tokens of an active sequence, as the cache needs to see them. They grow at the end; engine thread only. */
public interface CachedText {
  /** What besides the tokens decides the state; it never changes. */
  Lineage lineage();

  /** The array that holds the tokens; longer than they are. Not to be kept: it changes as the sequence grows. */
  int[] tokens();

  /** Prompt and generated tokens together. */
  int length();

  /** Tokens of the prompt. */
  int promptLength();

  /** Whether the prompt is still being computed, so that waiting for it can pay. */
  boolean isPrefilling();
}
