package io.panallama.chat;

/** What becomes of the part of an answer in which a model thinks. Models that don't think have none. */
public enum ReasoningFormat {
  /** It is text, with the tags that the model puts around it. */
  NONE,
  /** It comes as reasoning, apart from the text. */
  AUTO,
  /** As {@link #AUTO}; llama.cpp's own name of it. */
  DEEPSEEK,
  /** As {@link #AUTO}; a name that clients of llama-server use. */
  DEEPSEEK_LEGACY
}
