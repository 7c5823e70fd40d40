package io.panallama.internal.worker;

/** What a supervisor asks its worker in a {@link FrameKind#CALL}. */
enum Question {
  /** A chat request; its prompt. */
  RENDER,
  /** A request; the tokens of its prompt. */
  COUNT_REQUEST,
  /** A text; its tokens. */
  COUNT_TEXT,
  /** Nothing; the bytes of every token. */
  PIECES
}
