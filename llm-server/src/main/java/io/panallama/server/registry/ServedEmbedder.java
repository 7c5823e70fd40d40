package io.panallama.server.registry;

import io.panallama.Embedder;
import io.panallama.TextEmbedder;
import io.panallama.observe.MemoryUse;
import java.util.List;
import java.util.Objects;

/**
 * A model that gives vectors, as the server serves it. Its owner closes the embedder after the server.
 *
 * @param model what the server tells clients about it
 */
public record ServedEmbedder(ServedModel model, TextEmbedder embedder) implements Served {
  /** All components are required. */
  public ServedEmbedder {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(embedder, "embedder");
  }

  /** That of an {@link Embedder}; others count as healthy. */
  @Override
  public Health health() {
    return embedder instanceof Embedder own ? Health.of(own.state(), own::failure) : Health.up();
  }

  /** That of an {@link Embedder}. */
  @Override
  public List<MemoryUse> memory() {
    return embedder instanceof Embedder own ? own.memory() : List.of();
  }
}
