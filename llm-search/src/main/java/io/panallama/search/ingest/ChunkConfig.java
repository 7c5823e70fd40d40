package io.panallama.search.ingest;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;

/**
 * How texts are divided into passages.
 *
 * @param maxTokens the most tokens of a passage, with its title and headings; what the model takes is the limit in any case
 * @param overlapTokens the most tokens that a passage repeats of the one before it, in whole sentences
 */
public record ChunkConfig(int maxTokens, int overlapTokens) {
  /**
   * 256 tokens, of which 32 may be repeated: sentence encoders such as all-MiniLM-L6-v2 were trained on texts of up to 256
   * tokens.
   */
  public static final ChunkConfig DEFAULT = new ChunkConfig(256, 32);

  /** The least value of {@code maxTokens}. */
  public static final int MIN_TOKENS = 8;

  /**
   * Validates the sizes.
   *
   * @throws SearchException with {@link Reason#INVALID_DOCUMENT} if {@code maxTokens} is less than {@link #MIN_TOKENS}, or
   *     {@code overlapTokens} negative or more than half of it
   */
  public ChunkConfig {
    if (maxTokens < MIN_TOKENS) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT, "maxTokens is " + maxTokens + "; it must be " + MIN_TOKENS + " or more.");
    }
    if (overlapTokens < 0 || overlapTokens > maxTokens / 2) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT, "overlapTokens is " + overlapTokens + "; it must be 0 to " + maxTokens / 2 + ".");
    }
  }
}
