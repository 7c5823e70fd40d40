/**
 * Measuring programs, run by {@code benchmarks/run NAME}; what each compares and what came of it is in
 * docs/performance.md.
 *
 * <p>A program is a class with a picocli {@code @Command} and a line in {@link io.panallama.benchmarks.Main}. It measures
 * through the public API only, with {@link io.panallama.benchmarks.EngineOptions} for what a user would configure, and
 * tells what it found in a {@link io.panallama.benchmarks.Report}.
 */
@NullMarked
package io.panallama.benchmarks;

import org.jspecify.annotations.NullMarked;
