package io.panallama.search.answer;

import io.panallama.search.FolderIndex;
import io.panallama.search.query.Passage;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A passage that an answer may rest on. Immutable and thread-safe.
 *
 * @param id the document's id, for the program
 * @param name the document's name, for the model and people, such as that of a file
 * @param headings the headings above the passage, outermost first; may be empty
 * @param firstPage the page on which it starts, from 1; 0 if the document has no pages
 * @param lastPage the page on which it ends; as {@code firstPage} if there are none
 * @param text the passage
 */
public record Source(String id, String name, List<String> headings, int firstPage, int lastPage, String text) {
  /** All components are required. */
  public Source {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
    headings = List.copyOf(headings);
    Objects.requireNonNull(text, "text");
  }

  /** A passage that was found. Its name is the path within the indexed folder, else the title, else the id. */
  public static Source of(Passage passage) {
    Object path = passage.metadata().get(FolderIndex.PATH);
    String other = passage.title().isBlank() ? passage.document() : passage.title();
    String name = path instanceof String text ? text : other;
    return new Source(
        passage.document(), name, passage.headings(), passage.firstPage(), passage.lastPage(), passage.text());
  }

  /** Name, headings and pages on one line: {@code guide.pdf, Setup > Network, page 3}. */
  public String label() {
    List<String> parts = new ArrayList<>(List.of(name));
    if (!headings.isEmpty()) {
      parts.add(String.join(" > ", headings));
    }
    if (firstPage > 0) {
      parts.add(firstPage == lastPage ? "page " + firstPage : "pages " + firstPage + "-" + lastPage);
    }
    return String.join(", ", parts).strip().replaceAll("\\s+", " ");
  }
}
