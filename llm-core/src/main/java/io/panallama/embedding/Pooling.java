package io.panallama.embedding;

/** How the vectors of a text's tokens become one vector (llama.cpp: {@code llama_pooling_type}). */
public enum Pooling {
  /**
   * What the model's file says. If it names none of those that make one vector, the mean where it says that attention is
   * not causal, and the last token otherwise.
   */
  MODEL(-1),
  /** The mean over all tokens, those that the vocabulary puts around the text included. */
  MEAN(1),
  /** The first token. */
  CLS(2),
  /** The last token. */
  LAST(3),
  /** Not at all: each token has its own vector, see {@link io.panallama.TextEmbedder#tokenVectors}. */
  NONE(0);

  private final int id;

  Pooling(int id) {
    this.id = id;
  }

  /** llama.cpp's number of it, as GGUF files have it; -1 if none is named. */
  public int id() {
    return id;
  }
}
