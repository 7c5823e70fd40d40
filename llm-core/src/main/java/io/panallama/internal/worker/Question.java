package io.panallama.internal.worker;

/** What a supervisor asks its worker in a {@link FrameKind#CALL}. */
enum Question {
  /** A chat request; its prompt. */
  RENDER,
  /** A request; the tokens of its prompt. */
  COUNT_REQUEST,
  /** A text; the number of its tokens. */
  COUNT_TEXT,
  /** A text, and whether special tokens are added and recognised; its tokens. */
  TOKENIZE,
  /** Tokens; their text. */
  DETOKENIZE,
  /** Nothing; the bytes of every token. */
  PIECES,
  /** A request that is only read and prepared; events. See {@link Rehearsal}. */
  REHEARSE
}
