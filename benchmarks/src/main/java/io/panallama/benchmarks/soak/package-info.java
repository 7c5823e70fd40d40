/** {@code benchmarks/run soak}: a server under mixed requests for a long time, and what becomes of its memory. */
@NullMarked
package io.panallama.benchmarks.soak;

import org.jspecify.annotations.NullMarked;
