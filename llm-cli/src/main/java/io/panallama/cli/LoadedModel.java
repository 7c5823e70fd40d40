package io.panallama.cli;

/** A model that was loaded, together with what computes on it; closing it closes both. */
interface LoadedModel extends AutoCloseable {
  LoadedEngine.ModelSummary model();

  @Override
  void close();
}
