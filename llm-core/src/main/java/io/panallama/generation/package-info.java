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
 * <p>A generator returns a {@link io.panallama.generation.Generation}: one reader reads it, by blocking calls, as a subscriber or through a future, and any thread may cancel it. The events form a sealed hierarchy. Everything else here is an immutable value.
 */
@NullMarked
package io.panallama.generation;

import org.jspecify.annotations.NullMarked;
