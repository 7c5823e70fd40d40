package io.panallama.error;

import io.panallama.vocabulary.InfillTokens;
import java.util.ArrayList;
import java.util.List;

/** The model has no tokens for filling gaps; see {@link InfillTokens}. */
public final class InfillNotSupportedException extends InvalidRequestException {
  private static final long serialVersionUID = 1L;

  private final String[] missing;

  /**
   * @param missing the tokens that the model lacks
   */
  public InfillNotSupportedException(Iterable<String> missing) {
    super(
        "suffix",
        "This model can't fill gaps: its vocabulary has no token for "
            + String.join(", ", missing)
            + ". Use a model that was trained for it (\"fill in the middle\"), such as the coders of Qwen.");
    List<String> names = new ArrayList<>();
    missing.forEach(names::add);
    this.missing = names.toArray(String[]::new);
  }

  /** The tokens that the model lacks. Unmodifiable. */
  public List<String> missing() {
    return List.of(missing);
  }
}
