package io.panallama.search.internal.text;

import java.util.List;

/**
 * A part of a document's text that becomes a passage.
 *
 * @param start offset of its first character
 * @param end offset behind its last character
 * @param headings the headings above it
 * @param firstPage the page on which it starts; 0 for none
 * @param lastPage the page on which it ends; 0 for none
 * @param context what is embedded in front of its text: title and headings; may be empty
 */
public record Chunk(int start, int end, List<String> headings, int firstPage, int lastPage, String context) {}
