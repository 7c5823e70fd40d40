/**
 * {@code benchmarks/compare}: the engine beside llama-bench and llama-batched-bench, the server beside llama-server, in one
 * self-contained report; docs/performance.md says how and what.
 *
 * <p>What is found is plain data ({@link io.panallama.benchmarks.compare.Measure}, {@link
 * io.panallama.benchmarks.compare.Section}) before {@link io.panallama.benchmarks.compare.HtmlReport} makes a page of it, so
 * that the page is tested without measuring anything.
 */
@NullMarked
package io.panallama.benchmarks.compare;

import org.jspecify.annotations.NullMarked;
