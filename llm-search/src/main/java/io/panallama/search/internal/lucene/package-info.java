/**
 * A collection as an index of Lucene: what is stored, one writer that commits for all callers, searchers that see what was
 * acknowledged, and copies of the files.
 */
@NullMarked
package io.panallama.search.internal.lucene;

import org.jspecify.annotations.NullMarked;
