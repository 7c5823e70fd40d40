package io.panallama.internal.decode;

/**
 * The seam between policy and llama.cpp: one context, by its roles. A step fills the {@link #batch}, calls {@link #decode}
 * and reads the {@link #outputs}; the {@link #memory} is what it leaves for the next one.
 *
 * <p>Everything belongs to the engine thread but {@link #requestAbort} and what {@link StateStore} says. The roles are the
 * same objects for as long as the decoder lives, so callers keep the ones they need. Nothing here allocates per step.
 */
public interface Decoder extends AutoCloseable {
  /** What became of a step. */
  enum Status {
    /** Computed; the memory holds the batch. */
    OK,
    /** There was no room in the memory; nothing changed. */
    NO_ROOM,
    /** The abort flag was seen; part of the batch may be in the memory. */
    ABORTED,
    /** llama.cpp failed; part of the batch may be in the memory. {@link #failure} says why. */
    FAILED
  }

  /** How many sequences a context can tell apart; ids are 0 to one less. At least as many as slots. */
  int sequenceIds();

  /** The most rows of one sequence. */
  int sequenceContextSize();

  /** What the next step computes. */
  Batch batch();

  /** What sequences leave from step to step; {@link KvMemory#NONE} in an encoder. */
  KvMemory memory();

  /** What the last step gave. */
  Outputs outputs();

  /** Copies of what the memory holds. */
  StateStore states();

  /** Computes the batch. */
  Status decode();

  /** Why the last {@link #decode} failed, in llama.cpp's words where it had any. */
  String failure();

  /** Asks a running {@link #decode} to stop soon. Any thread. */
  void requestAbort();

  /** Withdraws that request, before the next step. */
  void clearAbort();

  @Override
  void close();
}
