/**
 * JMH benchmarks of the public API and the server, and the check of what all benchmarks allocate. Those of the engine's
 * internals live in its packages.
 */
@NullMarked
package io.panallama.jmh;

import org.jspecify.annotations.NullMarked;
