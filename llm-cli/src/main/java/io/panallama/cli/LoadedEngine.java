package io.panallama.cli;

import io.panallama.TextGenerator;
import io.panallama.config.EngineConfig;
import io.panallama.observe.EngineStats;
import io.panallama.sampling.Sampling;

/** An engine together with the model it owns; closing it closes both. */
interface LoadedEngine extends AutoCloseable {
  /** The engine itself, so that all it can do is at hand: a wrapper would have the defaults of what it leaves out. */
  TextGenerator generator();

  ModelSummary model();

  /** What was asked for, with every automatic value replaced by the chosen one. */
  EngineConfig config();

  /** Tokens that one conversation may hold. */
  int sequenceContextSize();

  /** What it is doing; any thread may ask. */
  EngineStats stats();

  @Override
  void close();

  /**
   * What the commands show of a model.
   *
   * @param name its own name, or the file's
   * @param description llama.cpp's words: architecture, size class, quantisation
   * @param parameters number of weights
   * @param sizeBytes bytes of all tensors
   * @param trainedContextSize tokens it was trained for
   * @param sampling the sampling its authors recommend
   */
  record ModelSummary(
      String name, String description, long parameters, long sizeBytes, int trainedContextSize, Sampling sampling) {}
}
