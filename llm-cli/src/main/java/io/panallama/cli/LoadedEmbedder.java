package io.panallama.cli;

import io.panallama.TextEmbedder;

/** An embedder together with the model it owns; closing it closes both. */
interface LoadedEmbedder extends AutoCloseable {
  TextEmbedder embedder();

  LoadedEngine.ModelSummary model();

  @Override
  void close();
}
