package io.panallama.search.ingest;

import java.nio.file.Path;

/**
 * How far the update of a folder is.
 *
 * @param done files that are done
 * @param total files that are to be looked at
 * @param file the next one
 */
public record IndexProgress(int done, int total, Path file) {}
