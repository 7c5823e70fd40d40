package io.panallama.internal.engine;

import io.panallama.generation.FinishReason;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.stream.Mailbox;
import io.panallama.internal.stream.Pieces;
import io.panallama.internal.stream.StopMatcher;
import org.jspecify.annotations.Nullable;

/** Appends a sampled token to its sequence and its mailbox, and tells whether the generation ends with it. */
final class TokenSink {
  private final Pieces pieces;
  private final Outputs outputs;

  TokenSink(Pieces pieces, Outputs outputs) {
    this.pieces = pieces;
    this.outputs = outputs;
  }

  /**
   * @param sample the index of the sample in the list of {@link Outputs}
   * @return why the generation ends here, or null if it continues
   */
  @Nullable FinishReason accept(Sequence sequence, int sample) {
    return accept(pieces, sequence, outputs.sampledToken(sample), outputs, sample);
  }

  /**
   * Appends a token that another engine has generated. Its log-probabilities are unknown: NaN, without alternatives.
   *
   * @return why the generation ended with it, or null if it went on
   */
  static @Nullable FinishReason replay(Pieces pieces, Sequence sequence, int token) {
    return accept(pieces, sequence, token, null, 0);
  }

  private static @Nullable FinishReason accept(
      Pieces pieces, Sequence sequence, int token, @Nullable Outputs outputs, int sample) {
    StopMatcher stops = sequence.stops();
    byte[] visible = pieces.length(token) == 0 ? sequence.sampler().visibleControlToken(token) : null;
    if (pieces.endsGeneration(token) || sequence.isStopToken(token)) {
      if (visible != null) {
        stops.append(visible, 0, visible.length);
      }
      flush(sequence);
      return FinishReason.STOP;
    }
    sequence.append(token);
    boolean mayStop = sequence.reachedMinTokens();
    boolean stopped =
        visible == null
            ? stops.append(pieces.bytes(), pieces.offset(token), pieces.length(token), mayStop)
            : stops.append(visible, 0, visible.length, mayStop);
    Mailbox mailbox = sequence.generation().mailbox();
    mailbox.write(token, stops.buffer(), 0, stops.releasedLength());
    if (sequence.topLogprobs() > 0) {
      if (outputs == null) {
        mailbox.writeNoLogprobs();
      } else {
        mailbox.writeLogprobs(outputs, sample);
      }
    }
    mailbox.publish();
    stops.discardReleased();
    if (stopped) {
      return FinishReason.STOP_TEXT;
    }
    if (sequence.reachedMaxTokens()) {
      flush(sequence);
      return FinishReason.LENGTH;
    }
    if (sequence.filledContext() && !sequence.shifts()) {
      flush(sequence);
      return FinishReason.CONTEXT_FULL;
    }
    return null;
  }

  /** Ends the generation without another token. */
  void endEarly(Sequence sequence) {
    flush(sequence);
  }

  /** Releases the bytes that were held back because they might have begun a stop text. */
  private static void flush(Sequence sequence) {
    StopMatcher stops = sequence.stops();
    stops.releaseAll();
    if (stops.releasedLength() > 0) {
      Mailbox mailbox = sequence.generation().mailbox();
      mailbox.write(Mailbox.NO_TOKEN, stops.buffer(), 0, stops.releasedLength());
      mailbox.publish();
      stops.discardReleased();
    }
  }
}
