package io.panallama.embedding;

/**
 * A text as a vector.
 *
 * @param vector the vector; it belongs to the caller, who may change it
 * @param tokens how many tokens of the text were computed, those that the vocabulary puts around it included
 * @param truncated whether the end of the text was left out ({@link LongText#TRUNCATE})
 * @param parts into how many parts the text was divided ({@link LongText#MEAN_OF_PARTS}); otherwise 1
 */
@SuppressWarnings("ArrayRecordComponent") // Vectors are handed over without a copy.
public record Embedding(float[] vector, int tokens, boolean truncated, int parts) {}
