package io.panallama.vocabulary;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tokens with which a model was trained to fill gaps ("fill in the middle", FIM), as far as it has them.
 *
 * @param prefix precedes the text before the gap
 * @param suffix precedes the text after the gap
 * @param middle precedes the text that fills the gap
 * @param repository begins a project of several files
 * @param file precedes each file of a project
 */
public record InfillTokens(
    OptionalInt prefix, OptionalInt suffix, OptionalInt middle, OptionalInt repository, OptionalInt file) {
  /** Whether the model can fill gaps, because it has the first three. */
  public boolean complete() {
    return missing().isEmpty();
  }

  /** The names of the required tokens that are missing. */
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (prefix.isEmpty()) {
      missing.add("prefix");
    }
    if (suffix.isEmpty()) {
      missing.add("suffix");
    }
    if (middle.isEmpty()) {
      missing.add("middle");
    }
    return missing;
  }
}
