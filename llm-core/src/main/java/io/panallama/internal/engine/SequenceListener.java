package io.panallama.internal.engine;

/** Is told how a generation leaves its tokens. Called on the engine thread, before the reader hears of the end. */
public interface SequenceListener {
  /**
   * The generation ended, for whatever reason of its own.
   *
   * @param tokens prompt and completion as the model saw them last; the listener's own
   */
  void ended(int[] tokens);

  /** The generation failed. */
  void failed();
}
