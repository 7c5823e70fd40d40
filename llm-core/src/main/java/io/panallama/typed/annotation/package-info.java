/**
 * Annotations that bound and describe the Java type of an answer.
 *
 * <pre>{@code
 * record Item(String name, @Range(min = 1, max = 99) int count) {}
 * }</pre>
 *
 * <p>They become keywords of the JSON schema and so part of the grammar. {@link io.panallama.typed} lists the JSON for each Java type. An annotation that does not fit its component is rejected when the type is inspected.
 */
@NullMarked
package io.panallama.typed.annotation;

import org.jspecify.annotations.NullMarked;
