package io.panallama.internal.prepare;

/** A way to end the work of a thread early, for one piece of work. Thread-safe. */
public interface Interruption {
  /** For work that does not end early. */
  Interruption NONE =
      new Interruption() {
        @Override
        public void during(Runnable work) {
          work.run();
        }

        @Override
        public void request() {}
      };

  /** Does the work on this thread. It ends early, with any exception, once {@link #request} has been called. */
  void during(Runnable work);

  /** Asks the work to end, from any thread, before, during or after it. */
  void request();
}
