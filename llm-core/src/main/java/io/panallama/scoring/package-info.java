/**
 * Texts that a model gives numbers to: documents ranked for a query ({@link io.panallama.Reranker}), and texts with labels
 * ({@link io.panallama.Classifier}).
 *
 * <pre>{@code
 * List<String> documents = List.of("How passwords are set", "How to print");
 * try (Reranker reranker = Reranker.load(Path.of("reranker.gguf"));
 *     Classifier classifier = Classifier.load(Path.of("sentiment.gguf"))) {
 *   Ranking best = reranker.rank("reset my password", documents, RerankOptions.builder().topN(3).build());
 *   Classification mood = classifier.classify("What a day!");
 * }
 * }</pre>
 *
 * <p>Every value is validated when it is created. All types are immutable and thread-safe.
 */
@NullMarked
package io.panallama.scoring;

import org.jspecify.annotations.NullMarked;
