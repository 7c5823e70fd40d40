package io.panallama.internal.engine;

import io.panallama.error.GenerationException;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * What other threads pass to the engine thread: sequences, states to adopt, and the flag that a reader has cancelled.
 */
final class Intake {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** A state on its way to the engine thread, which will own the image. */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  record Adoption(Lineage lineage, int[] tokens, StateImage image) {}

  private final Queue<Sequence> sequences;
  private final Queue<Adoption> adoptions = new ConcurrentLinkedQueue<>();
  private volatile boolean cancelRequested;

  /**
   * @param sequences a queue that allows many concurrent writers
   */
  Intake(Queue<Sequence> sequences) {
    this.sequences = sequences;
  }

  // ---- any thread ----

  void add(Sequence sequence) {
    sequences.add(sequence);
  }

  void add(Adoption adoption) {
    adoptions.add(adoption);
  }

  /** Records that a generation was cancelled. */
  void requestCancel() {
    cancelRequested = true;
  }

  /** Fails all sequences here and frees all images, once the engine thread no longer takes any. */
  void abandonAll(GenerationException reason) {
    Sequence sequence;
    while ((sequence = sequences.poll()) != null) {
      abandon(sequence, reason);
    }
    Adoption adoption;
    while ((adoption = adoptions.poll()) != null) {
      adoption.image().close();
    }
  }

  /**
   * Ends a sequence that the engine will not serve. Its reader is told even if something else fails; throws nothing.
   */
  static void abandon(Sequence sequence, GenerationException reason) {
    try {
      sequence.abandon(reason);
    } catch (Throwable failure) {
      try {
        LOG.log(System.Logger.Level.ERROR, "A generation did not end in order.", failure);
      } catch (Throwable unlogged) {
        // Most likely the heap is full; the next reader must be told all the same.
        return;
      }
    }
  }

  // ---- the engine thread ----

  /** Whether there is anything to take. */
  boolean hasSome() {
    return cancelRequested || !sequences.isEmpty() || !adoptions.isEmpty();
  }

  boolean takeCancelRequest() {
    boolean requested = cancelRequested;
    if (requested) {
      cancelRequested = false;
    }
    return requested;
  }

  @Nullable Sequence takeSequence() {
    return sequences.poll();
  }

  @Nullable Adoption takeAdoption() {
    return adoptions.poll();
  }
}
