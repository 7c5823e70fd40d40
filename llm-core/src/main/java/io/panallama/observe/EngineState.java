package io.panallama.observe;

/** Whether an engine accepts requests. */
public enum EngineState {
  /** The engine accepts requests. */
  RUNNING,
  /** The owner has closed the engine, or is closing it. */
  CLOSED,
  /** An error ended the engine's thread; it accepts no requests and does not recover. */
  FAILED
}
