/**
 * Compiles a request into the form that the engine runs: a prompt in tokens, a sampler with its constraints, and the description of the parser that reads the answer.
 *
 * <p>{@link io.panallama.internal.request.RequestCompiler} runs on the caller's thread, so every error that a request can cause is thrown before anything is queued. It compiles against a {@link io.panallama.internal.request.LoadedModel}: a model with the template and the vocabulary that are derived from it once, owned by the facade and by each engine.
 */
@NullMarked
package io.panallama.internal.request;

import org.jspecify.annotations.NullMarked;
