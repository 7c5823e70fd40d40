package io.panallama.internal.decode;

/**
 * The seam between policy and llama.cpp: one context, divided into roles. A step fills the {@link #batch}, calls {@link #decode} and reads the {@link #outputs}; the {@link #memory} carries over to the next step.
 *
 * <p>Everything is confined to the engine thread, except {@link #requestAbort} and the exceptions listed in {@link StateStore}. The role objects stay the same for the decoder's lifetime, so callers keep the ones they need. Nothing here allocates per step.
 */
public interface Decoder extends AutoCloseable {
  /** The outcome of a step. */
  enum Status {
    /** The batch was computed and is in the memory. */
    OK,
    /** The memory had no room; nothing changed. */
    NO_ROOM,
    /** The abort flag was seen; part of the batch may be in the memory. */
    ABORTED,
    /** llama.cpp failed; part of the batch may be in the memory. {@link #failure} says why. */
    FAILED
  }

  /** The number of sequence ids in a context; ids are 0 to one less. At least the number of slots. */
  int sequenceIds();

  /** The maximum number of rows of one sequence. */
  int sequenceContextSize();

  /** The input of the next step. */
  Batch batch();

  /** The state that sequences keep from step to step; {@link KvMemory#NONE} in an encoder. */
  KvMemory memory();

  /** The results of the last step. */
  Outputs outputs();

  /** Copies sequence states out of the memory and back. */
  StateStore states();

  /** Computes the batch. */
  Status decode();

  /** Why the last {@link #decode} failed, quoting llama.cpp where possible. */
  String failure();

  /** Asks a running {@link #decode} to stop soon. Thread-safe. */
  void requestAbort();

  /** Withdraws an abort request, before the next step. */
  void clearAbort();

  @Override
  void close();
}
