package io.panallama.server.dialect.fields;

import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEmbedder;
import org.jspecify.annotations.Nullable;

/** Finds the model that a request for embeddings means. */
public final class Embedders {
  private Embedders() {}

  /**
   * Does nothing if there is one.
   *
   * @throws io.panallama.server.dialect.ApiException 501 if there is none
   */
  public static void require(Registry registry) {
    ServedEmbedder _ = find(registry, null);
  }

  /**
   * The model of this name, or the default one.
   *
   * @throws io.panallama.server.dialect.ApiException 501 if there is none at all
   * @throws io.panallama.server.registry.UnknownModelException if none has this name
   */
  public static ServedEmbedder find(Registry registry, @Nullable String name) {
    return registry.embedder(name).orElseThrow(TextOnly::embeddings);
  }
}
