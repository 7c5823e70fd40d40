package io.panallama.internal.stream;

import org.jspecify.annotations.Nullable;

/** Parses the text of one answer incrementally into text, reasoning and tool calls, according to its chat format. Thread-safe. */
public interface ChatParser extends AutoCloseable {
  /**
   * The result of parsing the next piece of an answer.
   *
   * @param deltas the JSON array that the bridge's header describes; null if there is nothing new
   * @param failure why the text so far can't be parsed; null if it can
   */
  record Update(@Nullable String deltas, @Nullable String failure) {}

  /**
   * Parses the next piece of the answer; does nothing once the parser is closed.
   *
   * @param last whether the answer ends with this piece
   */
  Update update(String text, boolean last);

  /** Frees the parser. Repeating it is harmless. */
  @Override
  void close();
}
