package io.panallama.server.documents;

import java.util.List;
import java.util.Map;

/**
 * A passage of an uploaded file that was found. Immutable.
 *
 * @param fileId the file's id
 * @param filename what the file was called when it was uploaded
 * @param score the cosine of the angle between the vectors of the query and the passage, 0 where it is negative; so 0 to 1
 * @param attributes what the file was given when it was added to its vector store, or later: texts, numbers and booleans
 * @param text the passage
 * @param firstPage the page on which it starts, from 1; 0 if the file has no pages
 * @param lastPage the page on which it ends; as {@code firstPage} if there are none
 * @param headings the headings above the passage, outermost first
 */
public record FoundPassage(
    String fileId,
    String filename,
    double score,
    Map<String, Object> attributes,
    String text,
    int firstPage,
    int lastPage,
    List<String> headings) {
  /** Copies the collections. */
  public FoundPassage {
    attributes = Map.copyOf(attributes);
    headings = List.copyOf(headings);
  }
}
