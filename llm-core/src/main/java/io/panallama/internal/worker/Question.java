package io.panallama.internal.worker;

/** What a supervisor asks its worker in a {@link FrameKind#CALL}. */
public enum Question {
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
  REHEARSE,
  /** Texts and how they are embedded; their vectors. */
  EMBED,
  /** The same with the tokens of texts. */
  EMBED_TOKENS,
  /** Texts and how they are embedded; the vectors of their tokens. */
  TOKEN_VECTORS,
  /** The same with the tokens of texts. */
  TOKEN_VECTORS_OF,
  /** A query, documents and how they are ranked; their ranking. */
  RANK,
  /** Texts and how they are classified; their labels. */
  CLASSIFY;

  /** Whether the model computes the answer. */
  boolean computes() {
    return compareTo(EMBED) >= 0;
  }
}
