package io.panallama.internal.stream;

/** Tells the engine what the reader of a generation does. Any thread. */
public interface ReaderListener {
  /** A reader that was too far behind has made room in its mailbox again. */
  void caughtUp();

  /** The reader of a generation wants no more of it. */
  void cancelled(EngineGeneration generation);
}
