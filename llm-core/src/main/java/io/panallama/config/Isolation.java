package io.panallama.config;

/** Where an engine, an embedder, a reranker or a classifier loads and computes its model. */
public enum Isolation {
  /** In this process, which llama.cpp ends if one of its assertions fails or it crashes. */
  NONE,
  /**
   * In a process of its own, which is replaced if it dies while generations go on from their tokens, and texts are computed
   * again; see {@link io.panallama.IsolatedEngine}.
   */
  PROCESS
}
