package io.panallama.server.documents;

/**
 * Files that were added to a vector store together. Immutable; it says how the batch was when it was asked for.
 *
 * @param id what the library calls it
 * @param storeId the vector store's id
 * @param created microseconds since 1970
 * @param cancelled whether it was cancelled
 * @param files how many of its files the store has
 */
public record FileBatch(String id, String storeId, long created, boolean cancelled, FileCounts files) {}
