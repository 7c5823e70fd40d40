package io.panallama.internal.embed;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The texts of one call. What has been computed of it belongs to the thread that computes; the rest is guarded by the
 * {@link EmbeddingQueue} that holds it.
 */
public final class EmbeddingJob {
  /**
   * A text, or a part of one, that is computed as one sequence.
   *
   * @param text its index among the texts of the job
   */
  @SuppressWarnings("ArrayRecordComponent") // Nobody changes it.
  record Piece(int text, int[] tokens) {}

  private final int priority;

  /** Sorted, the longest last. */
  private final List<Piece> left;

  /** By text: the sum of the vectors of its parts, each multiplied by its tokens unless it is the only one. */
  private final float[][] sums;

  private final int[] parts;
  private final int[] tokens;
  private final CompletableFuture<float[][]> result = new CompletableFuture<>();
  private int missing;

  private long arrival;

  /** The virtual time at which its next text is due; see {@link EmbeddingQueue}. */
  private double turn;

  private long waitingTokens;
  private boolean begun;

  /**
   * Makes a job.
   *
   * @param priority higher first
   * @param texts the parts of each text; every text has one at least, and no part is empty
   */
  public EmbeddingJob(int priority, List<List<int[]>> texts) {
    this.priority = priority;
    this.sums = new float[texts.size()][];
    this.parts = new int[texts.size()];
    this.tokens = new int[texts.size()];
    List<Piece> pieces = new ArrayList<>();
    for (int text = 0; text < texts.size(); text++) {
      parts[text] = texts.get(text).size();
      for (int[] part : texts.get(text)) {
        pieces.add(new Piece(text, part));
        tokens[text] += part.length;
        waitingTokens += part.length;
      }
    }
    // Texts of like length compute together: attention costs as much as all tokens of a batch squared.
    pieces.sort(Comparator.comparingInt(piece -> piece.tokens().length));
    this.left = pieces;
    this.missing = pieces.size();
    if (missing == 0) {
      result.complete(sums);
    }
  }

  /**
   * One vector for each text, once all are computed; fails with what the caller is to get. Without pooling, it is the
   * vectors of all tokens one behind the other, and the text must not be divided.
   */
  public CompletableFuture<float[][]> result() {
    return result;
  }

  int priority() {
    return priority;
  }

  double turn() {
    return turn;
  }

  long arrival() {
    return arrival;
  }

  /** Records when it entered the queue. */
  void enter(long number, double virtualTime) {
    arrival = number;
    turn = virtualTime;
  }

  /** How many pieces no batch has taken yet. */
  int waiting() {
    return left.size();
  }

  /** How many tokens no batch has taken yet. */
  long waitingTokens() {
    return waitingTokens;
  }

  /** Whether a batch has taken one of its pieces. */
  boolean isBegun() {
    return begun;
  }

  /** Takes the longest piece that has at most so many tokens, which counts as its turn; null if there is none. */
  @Nullable Piece take(int most) {
    int low = 0;
    int high = left.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (left.get(middle).tokens().length <= most) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0) {
      return null;
    }
    Piece piece = left.remove(low - 1);
    begun = true;
    turn += piece.tokens().length;
    waitingTokens -= piece.tokens().length;
    return piece;
  }

  /** Adds the vector of a piece; the job keeps the array. */
  void add(Piece piece, float[] vector) {
    int text = piece.text();
    if (parts[text] > 1) {
      float weight = (float) piece.tokens().length / tokens[text];
      float[] sum = sums[text] == null ? new float[vector.length] : sums[text];
      for (int i = 0; i < vector.length; i++) {
        sum[i] += weight * vector[i];
      }
      sums[text] = sum;
    } else {
      sums[text] = vector;
    }
    if (--missing == 0) {
      result.complete(sums);
    }
  }
}
