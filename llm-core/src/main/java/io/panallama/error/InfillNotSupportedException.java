package io.panallama.error;

import io.panallama.vocabulary.InfillTokens;

/** The model has no tokens for filling gaps; see {@link InfillTokens}. */
public final class InfillNotSupportedException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  /**
   * @param missing the tokens that the model lacks
   */
  public InfillNotSupportedException(Iterable<String> missing) {
    super(
        "suffix",
        "This model can't fill gaps: its vocabulary has no token for "
            + String.join(", ", missing)
            + ". Use a model that was trained for it (\"fill in the middle\"), such as the coders of Qwen.");
  }
}
