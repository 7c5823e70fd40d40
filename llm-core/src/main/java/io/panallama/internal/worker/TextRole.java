package io.panallama.internal.worker;

/** What a worker does with texts. */
public enum TextRole {
  EMBEDDER,
  RERANKER,
  CLASSIFIER
}
