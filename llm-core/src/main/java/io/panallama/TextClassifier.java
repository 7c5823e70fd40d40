package io.panallama;

import io.panallama.embedding.LongText;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import java.util.List;

/**
 * Gives texts labels.
 *
 * <p>Implementations must be thread-safe.
 */
public interface TextClassifier {
  /**
   * Classifies texts and waits for the result. Special tokens that a text spells out are plain text.
   *
   * @return one classification for each text, in their order
   * @throws TextTooLongException if a text has more than {@link #maxTokens} tokens and {@link LongText#REFUSE} is chosen
   * @throws InvalidRequestException if the options don't fit the model or a text can't be tokenized
   * @throws EngineBusyException if too many texts wait already
   * @throws EmbeddingException if llama.cpp fails, the model gives a score that is no number, or the thread is interrupted
   *     while it waits; the interrupt is kept
   * @throws EngineClosedException if the classifier is closed before the texts are computed
   * @throws EngineFailedException if an error has ended the classifier
   */
  List<Classification> classify(List<String> texts, ClassifyOptions options);

  /** The labels, in the model's order; one at least. */
  List<String> labels();

  /** The maximum number of tokens of a text, those that the vocabulary puts around it included. */
  int maxTokens();

  /** The number of tokens of a text, without those that the vocabulary puts around it; 0 if the implementation does not count. */
  default int countTokens(String text) {
    return 0;
  }
}
