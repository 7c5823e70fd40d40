/**
 * Checks JSON schemas before llama.cpp turns them into grammars: size, depth, references, and keywords that it would ignore.
 */
@NullMarked
package io.panallama.internal.schema;

import org.jspecify.annotations.NullMarked;
