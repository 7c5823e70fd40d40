package io.panallama.internal.engine;

/** Watches the engine thread. Called on it, so it must neither block nor throw. */
public interface StepObserver {
  /** Watches nothing. */
  StepObserver NONE =
      new StepObserver() {
        @Override
        public void began() {}

        @Override
        public void ended() {}
      };

  /** A turn with active sequences begins. */
  void began();

  /** A turn has ended: its tokens and the ends of its generations are in the mailboxes. */
  void ended();
}
