package io.panallama.observe;

/** Whether an engine takes requests. */
public enum EngineState {
  /** It takes requests. */
  RUNNING,
  /** It was closed, or is closing, by its owner. */
  CLOSED,
  /** Its thread ended by an error; it takes no requests and does not come back. */
  FAILED
}
