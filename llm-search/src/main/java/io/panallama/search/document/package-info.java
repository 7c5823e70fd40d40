/**
 * What is stored and found: documents with their metadata, and what is known about a collection.
 *
 * <p>Every value is validated when it is created. All types are immutable and thread-safe, except that a
 * {@link io.panallama.search.document.VectorDocument} takes its vector without a copy.
 */
@NullMarked
package io.panallama.search.document;

import org.jspecify.annotations.NullMarked;
