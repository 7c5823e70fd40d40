/**
 * A running generation, the events it emits, and the completion they add up to.
 *
 * <pre>{@code
 * try (Generation generation = engine.generate(ChatRequest.of("Tell me a joke"))) {
 *   Completion answer = generation.await();
 *   System.out.println(answer.text());
 * }
 * }</pre>
 *
 * <p>{@link io.panallama.generation.Generation} is what a generator returns: one reader reads it, by blocking calls, as a subscriber or by
 * a future, and any thread may cancel it. The events are a sealed hierarchy. Everything else here is an immutable value.
 */
@NullMarked
package io.panallama.generation;

import org.jspecify.annotations.NullMarked;
