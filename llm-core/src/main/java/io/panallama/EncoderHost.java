package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.observe.EngineState;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import java.util.List;
import java.util.Optional;

/** Where an {@link Embedder}, a {@link Reranker} or a {@link Classifier} computes. Thread-safe. */
interface EncoderHost extends AutoCloseable {
  /** The configuration without automatic values. */
  EmbedderConfig config();

  Model model();

  ModelFacts modelFacts();

  /** The tokens of a text, without those that the vocabulary puts around it. */
  int countTokens(String text);

  EngineState state();

  /** The error that ended it. */
  Optional<Throwable> failure();

  /** How many texts wait. */
  int waiting();

  /** How many times its process was replaced. */
  int restarts();

  /** Its process; 0 while there is none. */
  long pid();

  /** What llama.cpp holds for it, by device; empty if that is not known. */
  List<MemoryUse> memory();

  /** Ends it. Repeating it is harmless. */
  @Override
  void close();
}
