package io.panallama.embedding;

import io.panallama.error.TextTooLongException;

/** What happens to a text with more tokens than the embedder takes ({@link io.panallama.Embedder#maxTokens}). */
public enum LongText {
  /** It is refused with {@link TextTooLongException}, which has both counts. */
  REFUSE,
  /** Its end is left out, and {@link Embedding#truncated} says so. */
  TRUNCATE,
  /**
   * It is divided into parts of equal size; its vector is the mean of theirs, weighted by their tokens, before it is
   * normalised. {@link Embedding#parts} has their number.
   */
  MEAN_OF_PARTS
}
