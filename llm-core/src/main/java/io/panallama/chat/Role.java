package io.panallama.chat;

/** Who speaks in a conversation. */
public enum Role {
  /** Whoever runs the application: instructions that hold for the whole conversation. */
  SYSTEM,
  /** The person, or the program, that asks. */
  USER,
  /** The model. */
  ASSISTANT,
  /** A tool, with the result of a call. */
  TOOL
}
