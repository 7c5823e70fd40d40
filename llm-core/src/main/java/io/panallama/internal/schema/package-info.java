/**
 * Checks JSON schemas before llama.cpp makes grammars of them: size, depth, references, and the keywords it would pass over.
 */
@NullMarked
package io.panallama.internal.schema;

import org.jspecify.annotations.NullMarked;
