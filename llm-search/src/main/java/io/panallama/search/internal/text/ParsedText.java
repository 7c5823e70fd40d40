package io.panallama.search.internal.text;

import io.panallama.search.document.Section;
import java.util.List;

/**
 * A file as text.
 *
 * @param title what the file says its title is; may be empty
 * @param text all of it
 * @param sections its parts
 */
public record ParsedText(String title, String text, List<Section> sections) {}
