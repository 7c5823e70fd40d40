package io.panallama.server.observe;

/**
 * A computation without a generation: embedding, ranking or classifying texts.
 *
 * @param operation {@code embeddings}, {@code rerank} or {@code classify}
 * @param begun {@link System#nanoTime} at its beginning
 * @param ended {@link System#nanoTime} at its end
 * @param tokens of all texts
 */
public record Computation(String operation, long begun, long ended, long tokens) {}
