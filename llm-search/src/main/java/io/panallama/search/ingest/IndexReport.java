package io.panallama.search.ingest;

/**
 * What an update of a folder did.
 *
 * @param added files that are new
 * @param updated files whose content has changed, or that are read or divided otherwise than before
 * @param unchanged files that were left as they are
 * @param removed files that are gone
 * @param failed files that could not be read; what was stored of them before stays
 * @param ignored files of other kinds
 * @param complete false if the listener ended it
 */
public record IndexReport(
    int added, int updated, int unchanged, int removed, int failed, int ignored, boolean complete) {}
