package io.panallama.search.document;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.util.List;

/**
 * A part of a document, from its start to that of the next section.
 *
 * @param start offset of its first character in the document's text, in UTF-16 units
 * @param headings the headings above it, outermost first; empty if there are none
 * @param page the number of the page on which it starts, from 1; {@link #NO_PAGE} if the document has no pages
 */
public record Section(int start, List<String> headings, int page) {
  /** The document has no pages. */
  public static final int NO_PAGE = 0;

  /**
   * Validates the section.
   *
   * @throws SearchException with {@link Reason#INVALID_DOCUMENT} if a number is negative
   */
  public Section {
    headings = List.copyOf(headings);
    if (start < 0 || page < NO_PAGE) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT, "A section starts at " + start + " on page " + page + "; neither may be negative.");
    }
  }
}
