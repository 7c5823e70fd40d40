package io.panallama.server.registry;

import io.panallama.observe.MemoryUse;
import java.util.List;

/** A model that generates no text, as the server serves it besides those that do. Its owner closes it after the server. */
public sealed interface Served permits ServedEmbedder, ServedReranker, ServedClassifier {
  /** What the server tells clients about it. */
  ServedModel model();

  /** Whether it can compute; never waits. */
  Health health();

  /** What llama.cpp holds for it, by device; empty if that is not known. */
  List<MemoryUse> memory();
}
