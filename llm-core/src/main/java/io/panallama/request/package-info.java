/**
 * The requests for a generation: a chat, a raw completion or a gap to fill, with its options.
 *
 * <pre>{@code
 * ChatRequest request =
 *     ChatRequest.of("Tell me a story").with(GenerationOptions.builder().maxTokens(200).build());
 * }</pre>
 *
 * <p>Every value is validated when it is created, so an {@link io.panallama.error.InvalidRequestException} names the wrong parameter before anything is queued. {@link io.panallama.request.GenerationRequest} is the sealed root. All types are immutable and thread-safe.
 */
@NullMarked
package io.panallama.request;

import org.jspecify.annotations.NullMarked;
