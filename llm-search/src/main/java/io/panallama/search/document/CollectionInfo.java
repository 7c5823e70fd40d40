package io.panallama.search.document;

/**
 * A collection in numbers.
 *
 * @param name what it is called
 * @param model the embedding model that it was made with
 * @param dimensions the dimensions of its vectors
 * @param documents how many documents it has
 * @param passages how many passages these are divided into
 * @param sizeBytes the bytes of its files
 */
public record CollectionInfo(String name, String model, int dimensions, int documents, int passages, long sizeBytes) {}
