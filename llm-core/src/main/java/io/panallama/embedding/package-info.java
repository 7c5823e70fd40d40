/**
 * Texts as vectors: what {@link io.panallama.Embedder} is asked for and what it gives.
 *
 * <pre>{@code
 * EmbeddingOptions options = EmbeddingOptions.builder().task(EmbeddingTask.QUERY).dimensions(256).build();
 * }</pre>
 *
 * <p>Every value is validated when it is created. All types are immutable and thread-safe, except that an
 * {@link io.panallama.embedding.Embedding} hands out its vector without a copy.
 */
@NullMarked
package io.panallama.embedding;

import org.jspecify.annotations.NullMarked;
