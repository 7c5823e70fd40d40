package io.panallama.search;

import io.panallama.Embedder;
import io.panallama.TextEmbedder;
import io.panallama.search.ingest.TokenCounter;
import java.util.Objects;

/**
 * What makes the vectors of a collection.
 *
 * @param model name of the model, which the collection records: it opens with no other, because vectors of different models
 *     can't be compared
 * @param embedder makes the vectors; its owner closes it, after the collections that use it
 * @param tokens counts tokens as the model does, so that passages fit
 */
public record CollectionEmbedder(String model, TextEmbedder embedder, TokenCounter tokens) {
  /** Checks that nothing is null. */
  public CollectionEmbedder {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(embedder, "embedder");
    Objects.requireNonNull(tokens, "tokens");
  }

  /** An embedder with the tokenizer of its model. */
  public static CollectionEmbedder of(String model, Embedder embedder) {
    return new CollectionEmbedder(
        model, embedder, text -> embedder.model().tokenizer().tokenize(text, false, false).length);
  }
}
