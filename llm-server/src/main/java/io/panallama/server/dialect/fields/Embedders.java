package io.panallama.server.dialect.fields;

import io.panallama.embedding.Embedding;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEmbedder;
import java.util.List;
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

  /**
   * The model of this name, or the default one, which must give a vector for each text.
   *
   * @throws io.panallama.server.dialect.ApiException 501 if there is none at all, 400 if it gives those of tokens only
   * @throws io.panallama.server.registry.UnknownModelException if none has this name
   */
  public static ServedEmbedder pooling(Registry registry, @Nullable String name) {
    ServedEmbedder found = find(registry, name);
    if (!found.embedder().pools()) {
      throw ApiException.invalid(
          400,
          "model",
          "pooling_none",
          "The embedding model is served with --pooling none, so it has a vector for each token and none for a text,"
              + " which this API has no form for. Start the server with another pooling, or ask /embedding.");
    }
    return found;
  }

  /** How many tokens were computed for all of these. */
  public static long tokens(List<Embedding> embeddings) {
    return embeddings.stream().mapToLong(Embedding::tokens).sum();
  }
}
