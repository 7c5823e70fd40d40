package io.panallama.search.document;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.util.List;
import java.util.Map;

/**
 * A text with what is known about it. A collection divides it into passages, each with a vector of its own.
 *
 * @param id what it is called; unique in its collection
 * @param title may be empty
 * @param text what is searched
 * @param sections the parts that no passage crosses where their headings differ, in order of their starts; empty if there
 *     are none
 * @param metadata names to values, which are texts, whole numbers, other numbers, booleans, or lists of texts; see {@link
 *     Metadata}
 */
public record Document(String id, String title, String text, List<Section> sections, Map<String, Object> metadata) {
  /** The most characters of an id. */
  public static final int MAX_ID = 2_048;

  /** The most characters of a title. */
  public static final int MAX_TITLE = 4_096;

  /** The most characters of a text. */
  public static final int MAX_TEXT = 32 << 20;

  /**
   * Validates the document.
   *
   * @throws SearchException with {@link Reason#INVALID_DOCUMENT} if the id or the text is blank, anything is too long, the
   *     sections are out of order, or the metadata can't be stored
   */
  public Document {
    if (id.isBlank() || id.length() > MAX_ID) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT,
          "A document's id has " + id.length() + " characters; it must have 1 to " + MAX_ID + " and not be blank.");
    }
    requireAtMost(id, "title", title, MAX_TITLE);
    requireAtMost(id, "text", text, MAX_TEXT);
    if (text.isBlank()) {
      throw new SearchException(Reason.INVALID_DOCUMENT, "Document " + id + " has no text.");
    }
    sections = List.copyOf(sections);
    int last = 0;
    for (Section section : sections) {
      if (section.start() < last || section.start() > text.length()) {
        throw new SearchException(
            Reason.INVALID_DOCUMENT,
            "A section of document "
                + id
                + " starts at "
                + section.start()
                + "; it must be "
                + last
                + " to "
                + text.length()
                + ".");
      }
      last = section.start();
    }
    metadata = Metadata.checked(id, metadata);
  }

  private static void requireAtMost(String id, String what, String value, int most) {
    if (value.length() > most) {
      throw new SearchException(
          Reason.INVALID_DOCUMENT,
          "The "
              + what
              + " of document "
              + id
              + " has "
              + value.length()
              + " characters; at most "
              + most
              + " are allowed.");
    }
  }

  /** A text without a title, sections or metadata. */
  public static Document of(String id, String text) {
    return new Document(id, "", text, List.of(), Map.of());
  }

  /** With another title. */
  public Document withTitle(String value) {
    return new Document(id, value, text, sections, metadata);
  }

  /** With other metadata. */
  public Document withMetadata(Map<String, Object> value) {
    return new Document(id, title, text, sections, value);
  }
}
