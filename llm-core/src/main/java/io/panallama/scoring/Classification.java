package io.panallama.scoring;

import java.util.List;
import java.util.Objects;

/**
 * The labels of a text.
 *
 * @param best the label with the highest score, the first of them if several have it
 * @param scores the scores of all labels, in the model's order
 * @param tokens how many tokens of the text were computed, those that the vocabulary puts around it included
 * @param truncated whether the end of the text was left out ({@link io.panallama.embedding.LongText#TRUNCATE})
 * @param parts into how many parts the text was divided ({@link io.panallama.embedding.LongText#MEAN_OF_PARTS}); otherwise 1
 */
public record Classification(LabelScore best, List<LabelScore> scores, int tokens, boolean truncated, int parts) {
  /** All components are required. */
  public Classification {
    Objects.requireNonNull(best, "best");
    scores = List.copyOf(scores);
  }

  /**
   * The labels whose score is at least {@code threshold}, in the model's order: those that a text has, if each label is
   * right or wrong by itself ({@link ScoreFunction#SIGMOID}).
   */
  public List<LabelScore> atLeast(float threshold) {
    return scores.stream().filter(score -> score.score() >= threshold).toList();
  }
}
