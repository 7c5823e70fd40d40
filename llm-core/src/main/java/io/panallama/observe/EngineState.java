package io.panallama.observe;

/** Whether an engine accepts requests. */
public enum EngineState {
  /** The engine accepts requests. */
  RUNNING,
  /**
   * The process that computes has died and is being replaced. Requests are accepted and wait; running generations
   * continue afterwards. Only an {@link io.panallama.IsolatedEngine} restarts.
   */
  RESTARTING,
  /** The owner has closed the engine, or is closing it. */
  CLOSED,
  /** An error ended the engine's thread; it accepts no requests and does not recover. */
  FAILED
}
