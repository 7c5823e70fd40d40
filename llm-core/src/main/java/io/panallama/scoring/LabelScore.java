package io.panallama.scoring;

import java.util.Objects;

/**
 * A label and how well it suits a text.
 *
 * @param index of the label among those of the model, from 0
 * @param label its name in the model's file, or {@code LABEL_} and the index if it has none there
 * @param score 0 to 1, except with {@link ScoreFunction#NONE}
 */
public record LabelScore(int index, String label, float score) {
  /** All components are required. */
  public LabelScore {
    Objects.requireNonNull(label, "label");
  }
}
