/**
 * Texts that a model gives numbers to: documents ranked for a query ({@link io.panallama.Reranker}), and texts with labels
 * ({@link io.panallama.Classifier}).
 *
 * <pre>{@code
 * Ranking best = reranker.rank("reset my password", documents, RerankOptions.builder().topN(3).build());
 * Classification mood = classifier.classify("What a day!");
 * }</pre>
 *
 * <p>Every value is validated when it is created. All types are immutable and thread-safe.
 */
@NullMarked
package io.panallama.scoring;

import org.jspecify.annotations.NullMarked;
