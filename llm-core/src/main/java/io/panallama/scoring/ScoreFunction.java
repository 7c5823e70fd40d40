package io.panallama.scoring;

/** How the outputs of a model's head become the scores of its labels. */
public enum ScoreFunction {
  /**
   * What the model's file asks for with the entry {@code ARCHITECTURE.classifier.problem_type}, which has the words of Hugging
   * Face's configurations: {@code single_label_classification} is {@link #SOFTMAX}, {@code multi_label_classification} is
   * {@link #SIGMOID} and {@code regression} is {@link #NONE}. No converter of llama.cpp writes it; a file without it gets
   * what Hugging Face's pipelines do: {@link #SIGMOID} for a single label and {@link #SOFTMAX} for several.
   */
  MODEL,
  /** exp(x) divided by the sum of exp over all labels: one of the labels is right, and the scores add up to 1. */
  SOFTMAX,
  /** 1 / (1 + exp(-x)): each label is right or wrong by itself (multi-label classification). */
  SIGMOID,
  /** The outputs as they are. */
  NONE
}
