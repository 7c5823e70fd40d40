package io.panallama;

import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.util.List;

/**
 * Ranks documents by how well they answer a query.
 *
 * <p>Implementations must be thread-safe.
 */
public interface TextReranker {
  /**
   * Scores each document with the query and waits for the result. Special tokens that a text spells out are plain text.
   *
   * @return the documents, the best first; an empty ranking if there are none
   * @throws TextTooLongException if a document and the query have more than {@link #maxTokens} tokens together and
   *     {@link RerankOptions#truncate} is false, or the query leaves no room for a document
   * @throws InvalidRequestException if there are more documents than may ever wait, they have too many tokens together, or a
   *     text can't be tokenized
   * @throws EngineBusyException if too many texts wait already
   * @throws EmbeddingException if llama.cpp fails, the model gives a score that is no number, or the thread is interrupted
   *     while it waits; the interrupt is kept
   * @throws EngineClosedException if the reranker is closed before the documents are computed
   * @throws EngineFailedException if an error has ended the reranker
   */
  Ranking rank(String query, List<String> documents, RerankOptions options);

  /** The maximum number of tokens of a query and a document, those around them included. */
  int maxTokens();

  /** The number of tokens of a text, without those that the vocabulary puts around it; 0 if the implementation does not count. */
  default int countTokens(String text) {
    return 0;
  }
}
