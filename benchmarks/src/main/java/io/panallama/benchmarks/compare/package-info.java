/**
 * {@code benchmarks/compare}: compares the engine with llama-bench and llama-batched-bench, and the server with
 * llama-server, in one self-contained report; docs/performance.md describes the method.
 *
 * <p>The results are plain data ({@link io.panallama.benchmarks.compare.Measure}, {@link
 * io.panallama.benchmarks.compare.Section}) before {@link io.panallama.benchmarks.compare.HtmlReport} makes a page of
 * it, so that the page is tested without measuring anything.
 */
@NullMarked
package io.panallama.benchmarks.compare;

import org.jspecify.annotations.NullMarked;
