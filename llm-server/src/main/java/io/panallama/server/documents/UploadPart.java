package io.panallama.server.documents;

/**
 * A part of an {@link Upload}.
 *
 * @param id what the library calls it
 * @param uploadId the upload's id
 * @param created microseconds since 1970
 * @param bytes how many there are
 */
public record UploadPart(String id, String uploadId, long created, long bytes) {}
