package io.panallama.chat;

/** The author of a message in a conversation. */
public enum Role {
  /** The application, with instructions that apply to the whole conversation. */
  SYSTEM,
  /** The user, who may be a person or a program. */
  USER,
  /** The model. */
  ASSISTANT,
  /** A tool, returning the result of a call. */
  TOOL
}
