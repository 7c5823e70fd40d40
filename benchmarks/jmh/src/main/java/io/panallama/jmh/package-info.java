/**
 * JMH benchmarks of the public API, and the check of what all benchmarks allocate. Benchmarks of internals of the engine and the
 * server live in the packages that they measure.
 */
@NullMarked
package io.panallama.jmh;

import org.jspecify.annotations.NullMarked;
