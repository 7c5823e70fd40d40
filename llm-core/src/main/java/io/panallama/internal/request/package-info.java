/**
 * Compiles a request into what the engine runs: a prompt in tokens, a sampler and its constraints, the frame around the stream.
 *
 * <p>Runs on the caller's thread, so every error that a request can cause is thrown before anything is queued.
 */
@NullMarked
package io.panallama.internal.request;

import org.jspecify.annotations.NullMarked;
