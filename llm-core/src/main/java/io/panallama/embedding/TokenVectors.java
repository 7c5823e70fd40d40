package io.panallama.embedding;

/**
 * A text as a vector for each of its tokens ({@link Pooling#NONE}).
 *
 * @param tokens the ids, those that the vocabulary puts around the text included
 * @param vectors one for each token, in their order; they belong to the caller, who may change them
 * @param truncated whether the end of the text was left out ({@link LongText#TRUNCATE})
 */
@SuppressWarnings("ArrayRecordComponent") // Vectors are handed over without a copy.
public record TokenVectors(int[] tokens, float[][] vectors, boolean truncated) {}
