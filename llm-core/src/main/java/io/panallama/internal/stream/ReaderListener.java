package io.panallama.internal.stream;

/** Notifies the engine about the reader of a generation. Called on any thread. */
public interface ReaderListener {
  /** A reader that had fallen too far behind has made room in its mailbox. */
  void caughtUp();

  /** The reader has cancelled a generation. */
  void cancelled(EngineGeneration generation);
}
