/**
 * How the next token is chosen: a chain of samplers, a seed, and optionally Java code that changes logits.
 *
 * <pre>{@code
 * Sampling sampling = Sampling.builder().temperature(0.7f).topP(0.9f).seed(42).build();
 * }</pre>
 *
 * <p>{@link io.panallama.sampling.Sampling} names the chain; each {@link io.panallama.sampling.Sampler} is one stage with its
 * parameters. A {@link io.panallama.sampling.LogitProcessor} runs on a thread of its own, see docs/sampling.md. The values are immutable
 * and thread-safe.
 */
@NullMarked
package io.panallama.sampling;

import org.jspecify.annotations.NullMarked;
