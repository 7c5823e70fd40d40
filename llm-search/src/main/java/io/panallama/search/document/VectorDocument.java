package io.panallama.search.document;

/**
 * A document with a vector that was computed elsewhere. It is stored as one passage.
 *
 * @param document the document
 * @param vector its vector, of any length but 0; it is not copied, and must not change until it is stored
 */
@SuppressWarnings("ArrayRecordComponent") // Vectors are handed over without a copy.
public record VectorDocument(Document document, float[] vector) {}
