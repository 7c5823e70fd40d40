package io.panallama.internal.stream;

import org.jspecify.annotations.Nullable;

/** Reads the text of one answer, piece by piece, as its chat format: text, reasoning and tool calls. Safe for any thread. */
public interface ChatParser extends AutoCloseable {
  /**
   * What the next piece of an answer gave.
   *
   * @param deltas the JSON array that the bridge's header describes; null if nothing became known
   * @param failure why the text so far can't be read; null if it can
   */
  record Update(@Nullable String deltas, @Nullable String failure) {}

  /**
   * Takes the next piece of the answer; nothing once it is closed.
   *
   * @param last whether the answer ends with this piece
   */
  Update update(String text, boolean last);

  /** Frees the parser. Repeating it is harmless. */
  @Override
  void close();
}
