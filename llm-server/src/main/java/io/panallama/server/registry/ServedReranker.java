package io.panallama.server.registry;

import io.panallama.Reranker;
import io.panallama.TextReranker;
import io.panallama.observe.MemoryUse;
import java.util.List;
import java.util.Objects;

/**
 * A model that ranks documents, as the server serves it. Its owner closes the reranker after the server.
 *
 * @param model what the server tells clients about it
 */
public record ServedReranker(ServedModel model, TextReranker reranker) implements Served {
  /** All components are required. */
  public ServedReranker {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(reranker, "reranker");
  }

  /** That of a {@link Reranker}; others count as healthy. */
  @Override
  public Health health() {
    return reranker instanceof Reranker own ? Health.of(own.state(), own::failure) : Health.up();
  }

  /** That of a {@link Reranker}. */
  @Override
  public List<MemoryUse> memory() {
    return reranker instanceof Reranker own ? own.memory() : List.of();
  }
}
