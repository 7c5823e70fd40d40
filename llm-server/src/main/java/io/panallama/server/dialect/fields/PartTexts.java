package io.panallama.server.dialect.fields;

import java.util.List;

/** Makes one text of the parts of a message, as llama-server does it: no delimiter comes first. */
public final class PartTexts {
  private PartTexts() {}

  /** The texts, each on lines of its own. */
  public static String lines(List<String> texts) {
    return joined(texts, "\n");
  }

  /** The texts with a delimiter between them, but none before the first one that has a character. */
  public static String joined(List<String> texts, String delimiter) {
    StringBuilder all = new StringBuilder();
    for (String text : texts) {
      all.append(all.isEmpty() ? "" : delimiter).append(text);
    }
    return all.toString();
  }
}
