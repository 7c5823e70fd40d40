/**
 * What is asked and answered: {@link io.panallama.search.query.SearchRequest}, its filters, and the passages that are found.
 *
 * <pre>{@code
 * SearchRequest request =
 *     SearchRequest.builder()
 *         .text("How do I reset my password?")
 *         .limit(5)
 *         .filter(Filter.all(Filter.equal("language", "en"), Filter.atLeast("year", 2024)))
 *         .build();
 * }</pre>
 *
 * <p>Every value is validated when it is created; all are immutable and thread-safe.
 */
@NullMarked
package io.panallama.search.query;

import org.jspecify.annotations.NullMarked;
