package io.panallama.chat;

/** How the part of an answer in which a model thinks is reported. Models that don't think have no such part. */
public enum ReasoningFormat {
  /** It is reported as text, including the model's tags around it. */
  NONE,
  /** It is reported as reasoning, separate from the text. */
  AUTO,
  /** Same as {@link #AUTO}; llama.cpp's own name for it. */
  DEEPSEEK,
  /** Same as {@link #AUTO}; a name used by clients of llama-server. */
  DEEPSEEK_LEGACY
}
