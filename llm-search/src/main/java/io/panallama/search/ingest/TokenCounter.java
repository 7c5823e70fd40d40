package io.panallama.search.ingest;

/** Counts the tokens of a text as an embedding model does. Implementations must be thread-safe. */
@FunctionalInterface
public interface TokenCounter {
  /** The number of tokens, without those that the model puts around a text. */
  int count(String text);
}
