/**
 * Measuring programs, run by {@code benchmarks/run NAME}; docs/performance.md says what each compares and
 * gives results.
 *
 * <p>A program is a class with a picocli {@code @Command} and a line in {@link io.panallama.benchmarks.Main}. It measures
 * through the public API only, with {@link io.panallama.benchmarks.EngineOptions} for the options that a user would set, and
 * prints its results with a {@link io.panallama.benchmarks.Report}.
 */
@NullMarked
package io.panallama.benchmarks;

import org.jspecify.annotations.NullMarked;
