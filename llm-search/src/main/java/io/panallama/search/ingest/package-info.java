/**
 * How files become documents and documents become passages: limits, sizes, and what is reported meanwhile.
 *
 * <p>Every value is validated when it is created; all are immutable and thread-safe.
 */
@NullMarked
package io.panallama.search.ingest;

import org.jspecify.annotations.NullMarked;
