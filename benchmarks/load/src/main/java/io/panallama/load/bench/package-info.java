/**
 * The benchmark behind {@code panallama bench}: a {@link io.panallama.load.bench.BenchGrid} of tests, a {@link
 * io.panallama.load.bench.BenchRunner} that runs them through the public API of the library, and the {@link
 * io.panallama.load.bench.BenchOutput}s that print the results.
 *
 * <p>Names and measures are those of llama-bench: {@code pp512} is the rate at which a prompt of 512 tokens is read, {@code
 * tg128} that of 128 steps of generating. {@link io.panallama.load.bench.BenchTest#measured} says exactly what is divided
 * by what.
 */
@NullMarked
package io.panallama.load.bench;

import org.jspecify.annotations.NullMarked;
