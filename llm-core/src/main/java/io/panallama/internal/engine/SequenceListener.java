package io.panallama.internal.engine;

/** Receives the tokens of a generation when it ends. Called on the engine thread, before the reader is told of the end. */
public interface SequenceListener {
  /**
   * The generation ended in any way but a failure.
   *
   * @param tokens prompt and completion as the model last saw them; owned by the listener
   */
  void ended(int[] tokens);

  /** The generation failed. */
  void failed();
}
