package io.panallama.internal.decode;

/**
 * The state that a context keeps for its sequences from step to step: the cells of a KV cache, or a recurrent state. A
 * context that computes each batch independently (an encoder) has {@link #NONE}. Confined to the engine thread; nothing
 * here allocates.
 */
public interface KvMemory {
  /** How far a sequence of this kind of model can be rewound. */
  enum Rewind {
    /** To any position: the cells of a prefix do not change. */
    ALWAYS,
    /**
     * To positions whose sliding window is still complete; {@link #share} and {@link #removeFrom} report whether it is.
     */
    WINDOWED,
    /** Never: one state represents all tokens (recurrent and hybrid models), or no state is kept. */
    NEVER
  }

  /** The memory of a context that keeps no state: every step begins with empty sequences. */
  @SuppressWarnings("ClassInitializationDeadlock") // NoMemory is private to this package and made only here
  KvMemory NONE = new NoMemory();

  /** Whether no state is kept. */
  default boolean isNone() {
    return false;
  }

  /** Number of cells of all sequences together; 0 without a memory. */
  int contextSize();

  /** Whether all sequences share all cells. Otherwise each sequence id has {@link #sequenceCells} of its own. */
  default boolean isUnified() {
    return true;
  }

  /** The number of cells that one sequence can have. */
  default int sequenceCells() {
    return contextSize();
  }

  /** How far sequences can be rewound. */
  Rewind rewind();

  /**
   * Whether the whole memory is host memory, so that {@link StateStore#save} and {@link StateStore#restore} cost no
   * more than a copy.
   */
  boolean isOnHost();

  /** Whether sequences may share the cells of a common prefix, and this kind of model can. */
  boolean sharesPrefixes();

  /**
   * Lets a sequence share the first {@code length} cells of another one. In a unified memory nothing is copied; otherwise
   * the sequence gets a copy.
   *
   * @param to must hold nothing except what it already shares
   * @return false if the cells can't be shared (a sliding window has moved on, or there is no memory for a copy); the
   *     sequence then holds nothing new
   */
  boolean share(int from, int to, int length);

  /**
   * Removes a sequence's cells from {@code position} on: after an incomplete step, or because speculative tokens were
   * rejected.
   *
   * @return false if the remaining state can't be trusted, because this kind of model can't be rewound; the caller must
   *     then remove all
   */
  boolean removeFrom(int sequence, int position);

  /** Removes all cells of a sequence. */
  void remove(int sequence);
}
