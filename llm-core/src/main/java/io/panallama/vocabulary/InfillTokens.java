package io.panallama.vocabulary;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tokens by which a model was trained to fill gaps ("fill in the middle", FIM), as far as it has them.
 *
 * @param prefix stands before what precedes the gap
 * @param suffix stands before what follows it
 * @param middle stands before what fills it
 * @param repository begins a project of several files
 * @param file stands before each file of a project
 */
public record InfillTokens(
    OptionalInt prefix, OptionalInt suffix, OptionalInt middle, OptionalInt repository, OptionalInt file) {
  /** Whether the model can fill gaps: the first three are there. */
  public boolean complete() {
    return missing().isEmpty();
  }

  /** Which of the necessary ones are not there. */
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
