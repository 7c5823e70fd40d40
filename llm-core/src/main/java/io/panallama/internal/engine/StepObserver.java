package io.panallama.internal.engine;

/** Watches the engine thread. Called on it, so it must not throw, and what it does delays the next step. */
public interface StepObserver {
  /** Watches nothing. */
  StepObserver NONE =
      new StepObserver() {
        @Override
        public void began() {}

        @Override
        public void ended(boolean computed) {}
      };

  /** A turn with active sequences begins. */
  void began();

  /**
   * A turn has ended: its tokens and the ends of its generations are in the mailboxes.
   *
   * @param computed whether there was something to compute; otherwise the engine may wait for long
   */
  void ended(boolean computed);
}
