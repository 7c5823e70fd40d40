package io.panallama.internal.engine;

import io.panallama.internal.schedule.Admission;
import java.util.function.IntConsumer;

/**
 * How a generation begins that was already running in another engine, and who learns of its tokens.
 *
 * @param tokens generated before, in order; they are handed to the reader again, and the generation continues after
 *     them. Empty for a new generation
 * @param read gets each token, those of {@code tokens} first, when the reader takes it from the mailbox; called on the
 *     reader's thread
 * @param bounds what the engine's admission still has to check
 */
@SuppressWarnings("ArrayRecordComponent") // internal, never compared
public record Replay(int[] tokens, IntConsumer read, Admission.Bounds bounds) {
  /** A generation that was admitted nowhere else. */
  public Replay(int[] tokens, IntConsumer read) {
    this(tokens, read, Admission.Bounds.ALL);
  }
}
