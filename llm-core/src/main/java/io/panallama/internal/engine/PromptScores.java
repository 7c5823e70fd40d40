package io.panallama.internal.engine;

import io.panallama.internal.decode.Outputs;
import io.panallama.internal.stream.Mailbox;

/**
 * Hands out the log-probabilities of a prompt's tokens, chunk by chunk. Engine thread only; sequences that want none never come
 * here.
 */
final class PromptScores {
  private final Outputs outputs;

  PromptScores(Outputs outputs) {
    this.outputs = outputs;
  }

  /**
   * Takes the outputs of the chunk that was computed last.
   *
   * @param lastRow the row of its last token in the batch
   * @param count number of its tokens
   * @return false if that failed; see {@link Outputs#promptFailure}
   */
  boolean take(Sequence sequence, int lastRow, int count) {
    Mailbox mailbox = sequence.generation().mailbox();
    ScoredPrompt scores = sequence.scores();
    int end = sequence.cached();
    int from = scores.firstUnscored();
    if (from < end - count && from < sequence.promptLength() - 1) {
      throw new IllegalStateException("token " + from + " of a prompt was computed without its output");
    }
    int rows = Math.min(end, sequence.promptLength() - 1) - from;
    if (rows > 0
        && !outputs.scorePrompt(lastRow - (end - 1 - from), sequence.tokens(), from + 1, rows, scores.alternatives())) {
      return false;
    }
    if (scores.isUntouched()) {
      mailbox.writePromptStart(sequence.token(0));
    }
    for (int i = 0; i < rows; i++) {
      mailbox.writePrompt(sequence.token(from + 1 + i), outputs, i);
    }
    if (end > from) {
      scores.handedOut(Math.min(end + 1, sequence.promptLength()));
    }
    return true;
  }
}
