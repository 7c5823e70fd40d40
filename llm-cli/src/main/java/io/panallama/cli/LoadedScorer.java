package io.panallama.cli;

/**
 * What ranks or classifies, together with the model it owns; closing it closes both.
 *
 * @param <T> a reranker or a classifier
 */
interface LoadedScorer<T> extends LoadedModel {
  T scorer();
}
