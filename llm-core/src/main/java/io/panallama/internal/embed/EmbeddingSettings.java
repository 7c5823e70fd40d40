package io.panallama.internal.embed;

import io.panallama.internal.engine.ModelCheck;
import io.panallama.internal.engine.StepObserver;

/**
 * What an embedder's thread needs to know.
 *
 * @param name of the thread
 * @param queueLimit how many texts may wait
 * @param targetTokens how many tokens a batch of several texts has
 * @param model notices that the model can no longer be computed
 * @param observer watches the batches, on the thread
 */
public record EmbeddingSettings(
    String name, int queueLimit, int targetTokens, ModelCheck model, StepObserver observer) {
  /** Settings under which nobody watches. */
  EmbeddingSettings(String name, int queueLimit, int targetTokens, ModelCheck model) {
    this(name, queueLimit, targetTokens, model, StepObserver.NONE);
  }
}
