/**
 * Facts about a model's vocabulary: the type of its tokenizer and the tokens that mark a gap to fill.
 *
 * <pre>{@code
 * if (model.vocabulary().infillTokens().complete()) {
 *   System.out.println("The model can fill gaps.");
 * }
 * }</pre>
 *
 * <p>The vocabulary itself belongs to a model; see {@link io.panallama.Vocabulary}. The types here are plain values. They are immutable and thread-safe.
 */
@NullMarked
package io.panallama.vocabulary;

import org.jspecify.annotations.NullMarked;
