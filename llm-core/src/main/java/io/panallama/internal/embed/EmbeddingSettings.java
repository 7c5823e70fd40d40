package io.panallama.internal.embed;

import io.panallama.internal.engine.ModelCheck;

/**
 * What an embedder's thread needs to know.
 *
 * @param name of the thread
 * @param queueLimit how many texts may wait
 * @param targetTokens how many tokens a batch of several texts has
 * @param model notices that the model can no longer be computed
 */
public record EmbeddingSettings(String name, int queueLimit, int targetTokens, ModelCheck model) {}
