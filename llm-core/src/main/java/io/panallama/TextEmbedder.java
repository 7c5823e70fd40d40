package io.panallama;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.LongText;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import java.util.List;

/**
 * Turns texts into vectors.
 *
 * <p>Implementations must be thread-safe.
 */
public interface TextEmbedder {
  /**
   * Embeds texts and waits for the result. Special tokens that a text spells out are plain text.
   *
   * @return one embedding for each text, in their order
   * @throws TextTooLongException if a text has more than {@link #maxTokens} tokens and {@link LongText#REFUSE} is chosen
   * @throws InvalidRequestException if the options don't fit the model, a text can't be tokenized, or the embedder has no
   *     {@linkplain #pools pooling}
   * @throws EngineBusyException if too many texts wait already
   * @throws EmbeddingException if llama.cpp fails, or the thread is interrupted while it waits; the interrupt is kept
   * @throws EngineClosedException if the embedder is closed before the texts are computed
   * @throws EngineFailedException if an error has ended the embedder
   */
  List<Embedding> embed(List<String> texts, EmbeddingOptions options);

  /**
   * Embeds texts that are tokenized already, with the tokens that the vocabulary puts around a text.
   *
   * @throws InvalidRequestException also if a text has no tokens, or one that the vocabulary does not have
   */
  List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options);

  /**
   * Whether a text has one vector. Otherwise {@link #embed} is refused, and {@link #tokenVectors} gives those of its tokens.
   */
  default boolean pools() {
    return true;
  }

  /**
   * Computes the vector of each token of texts, and waits for the result. {@link EmbeddingOptions#normalization} and {@link
   * EmbeddingOptions#dimensions} hold for each vector.
   *
   * @return those of each text, in the texts' order
   * @throws InvalidRequestException also if the embedder pools, or {@link LongText#MEAN_OF_PARTS} is chosen
   * @throws RuntimeException otherwise as {@link #embed}
   */
  default List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options) {
    throw pooled();
  }

  /** As {@link #tokenVectors}, of texts that are tokenized already; see {@link #embedTokens}. */
  default List<TokenVectors> tokenVectorsOf(List<int[]> texts, EmbeddingOptions options) {
    throw pooled();
  }

  private static InvalidRequestException pooled() {
    return new InvalidRequestException(
        "pooling", "The embedder pools, so a text has one vector; start it with Pooling.NONE for those of tokens.");
  }

  /** The dimensions of a vector. */
  int dimensions();

  /** The maximum number of tokens of a text, those that the vocabulary puts around it included. */
  int maxTokens();

  /** The number of tokens of a text, without those that the vocabulary puts around it; 0 if the implementation does not count. */
  default int countTokens(String text) {
    return 0;
  }
}
