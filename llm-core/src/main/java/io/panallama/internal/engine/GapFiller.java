package io.panallama.internal.engine;

import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.KvMemory;
import java.util.List;

/**
 * Fills the gaps between the sequences of a call. In a split KV cache, llama.cpp computes sequences together only if
 * their ids follow one another; each run of ids is computed by itself and reads all weights again. An id in a small gap
 * therefore gets a token, too, which is removed after the call.
 *
 * <p>Confined to the engine thread; allocates nothing per step.
 */
final class GapFiller {
  /**
   * The largest gap to fill: computing this many tokens takes about as long as reading the weights once more (30M and
   * 125M models, Zen 4, 2 threads).
   */
  static final int LARGEST = 4;

  /** Any token would do. */
  private static final int TOKEN = 0;

  private static final int NONE = -1;

  private final Batch batch;
  private final KvMemory memory;
  private final PrefixCache prefixes;
  private final boolean enabled;
  private final int[] ids;
  private final int[] positions;
  private int size;
  private int last = NONE;

  GapFiller(Batch batch, KvMemory memory, PrefixCache prefixes, int sequenceIds) {
    this.batch = batch;
    this.memory = memory;
    this.prefixes = prefixes;
    // A window would move on with the token, and a recurrent state could not be taken back.
    this.enabled = !memory.isUnified() && memory.rewind() == KvMemory.Rewind.ALWAYS;
    this.ids = new int[sequenceIds];
    this.positions = new int[sequenceIds];
  }

  /** Begins a call. */
  void clear() {
    size = 0;
    last = NONE;
  }

  /**
   * Adds tokens for the ids between the last sequence and this one, which comes next in the batch.
   *
   * @param active all active sequences
   * @param rows number of rows that the batch must still have room for
   */
  void fillBefore(Sequence next, List<Sequence> active, int rows) {
    if (!enabled) {
      return;
    }
    int id = next.residency().id();
    int gap = id - last - 1;
    int before = last;
    last = id;
    if (before == NONE || gap <= 0 || gap > LARGEST || rows + gap + size > batch.capacity()) {
      return;
    }
    for (int other = before + 1; other < id; other++) {
      if (cells(other, active) >= memory.sequenceCells()) {
        return;
      }
    }
    for (int other = before + 1; other < id; other++) {
      ids[size] = other;
      positions[size] = cells(other, active);
      batch.addToken(TOKEN, positions[size], other, false);
      size++;
    }
  }

  private int cells(int id, List<Sequence> active) {
    for (int i = 0; i < active.size(); i++) {
      if (active.get(i).residency().id() == id) {
        return active.get(i).cached();
      }
    }
    return prefixes.retainedLength(id);
  }

  /** Removes the tokens after the call, whatever became of it. */
  void remove() {
    for (int i = 0; i < size; i++) {
      memory.removeFrom(ids[i], positions[i]);
    }
    size = 0;
  }
}
