package io.panallama;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.LongText;
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
   * @throws InvalidRequestException if the options don't fit the model or a text can't be tokenized
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

  /** The dimensions of a vector. */
  int dimensions();

  /** The maximum number of tokens of a text, those that the vocabulary puts around it included. */
  int maxTokens();
}
