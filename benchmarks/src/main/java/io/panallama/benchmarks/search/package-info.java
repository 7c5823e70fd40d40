/** {@code benchmarks/run retrieval} and {@code search}: how good searches are, and how fast. */
@NullMarked
package io.panallama.benchmarks.search;

import org.jspecify.annotations.NullMarked;
