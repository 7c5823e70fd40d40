package io.panallama.load;

/** How a request ended. */
public enum Outcome {
  /** A complete answer, with {@code [DONE]} at its end. */
  OK("ok"),
  /** A status other than 200. */
  STATUS("status"),
  /** No connection, or it broke before an answer began. */
  TRANSPORT("transport"),
  /** An event of the stream was an error. */
  SSE_ERROR("error event"),
  /** The stream ended without {@code [DONE]}. */
  TRUNCATED("truncated stream"),
  /** The answer did not end within the time limit. */
  TIMEOUT("timeout"),
  /** Status 200, but not a stream of OpenAI's chunks. */
  INVALID("invalid answer"),
  /** This program disconnected on purpose, which is no error. */
  DROPPED("dropped by plan");

  private final String label;

  Outcome(String label) {
    this.label = label;
  }

  /** The outcome in words. */
  public String label() {
    return label;
  }
}
