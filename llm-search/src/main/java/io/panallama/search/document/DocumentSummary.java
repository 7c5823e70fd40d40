package io.panallama.search.document;

import java.util.Map;

/**
 * A stored document without its text.
 *
 * @param id what it is called
 * @param title may be empty
 * @param metadata names to values
 */
public record DocumentSummary(String id, String title, Map<String, Object> metadata) {}
