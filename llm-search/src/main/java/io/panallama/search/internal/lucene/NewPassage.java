package io.panallama.search.internal.lucene;

import io.panallama.search.document.Document;
import java.util.List;

/**
 * A passage that is to be stored.
 *
 * @param document its document
 * @param number which of the document's passages it is
 * @param headings the headings above it
 * @param firstPage the page on which it starts; 0 for none
 * @param lastPage the page on which it ends; 0 for none
 * @param start offset of its first character in the document's text
 * @param end offset behind its last character
 * @param vector its vector, of length 1
 */
@SuppressWarnings("ArrayRecordComponent") // Vectors are handed over without a copy.
public record NewPassage(
    Document document,
    int number,
    List<String> headings,
    int firstPage,
    int lastPage,
    int start,
    int end,
    float[] vector) {
  String text() {
    return document.text().substring(start, end);
  }
}
