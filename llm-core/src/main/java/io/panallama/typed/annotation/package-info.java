/**
 * Annotations that bound and describe what an answer's Java type allows.
 *
 * <pre>{@code
 * record Item(String name, @Range(min = 1, max = 99) int count) {}
 * }</pre>
 *
 * <p>They become keywords of the JSON schema and so part of the grammar. {@link io.panallama.typed} says what each Java type becomes. An
 * annotation that does not fit its component is refused when the type is looked at.
 */
@NullMarked
package io.panallama.typed.annotation;

import org.jspecify.annotations.NullMarked;
