package io.panallama.internal.decode;

/**
 * What the last step gave: tokens sampled from the logits of its output rows, or, in a context that pools, one vector per
 * sequence. Belongs to the engine thread; sampling allocates nothing.
 *
 * <p>Samples are listed, then taken together. A sampler may be in the list once, since each token it chooses changes it.
 * Several outputs of one sequence are sampled one list after the other, each with the sampler's state after the row before:
 * that is how tokens computed on trial are verified.
 */
public interface Outputs {
  /** Empties the list of samples to take. */
  void clearSamples();

  /**
   * Appends a sample to take.
   *
   * @param sampler made for this decoder
   * @param row what {@link Batch} returned for a row with an output
   * @param topLogprobs how many of the likeliest tokens to report
   */
  void addSample(TokenSampler sampler, int row, int topLogprobs);

  /**
   * Appends a sample of which only the candidates are wanted: no token is chosen. Called only for samplers that were made
   * for it, and {@link #addChoice} follows before the next sample of that sampler.
   */
  default void addCandidates(TokenSampler sampler, int row, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /**
   * The candidates of sample {@code index} of the last {@link #sample}.
   *
   * @return false if that sample failed
   */
  default boolean readCandidates(int index, TokenSampler sampler, CandidateList into) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /** Appends the choice from candidates that {@link #readCandidates} gave; it needs no logits any more. */
  default void addChoice(TokenSampler sampler, CandidateList from, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /** Takes the listed samples. */
  void sample();

  /** Token {@code index} of the last {@link #sample}, or -1 if that one failed. */
  int sampledToken(int index);

  /** Natural log-probability of that token; NaN unless log-probabilities were asked for. */
  float sampledLogprob(int index);

  /** How many alternatives are reported for that sample. */
  int topCount(int index);

  /** The token of an alternative, likeliest first. */
  int topToken(int index, int rank);

  /** The natural log-probability of an alternative. */
  float topLogprob(int index, int rank);

  /** Why the first failed sample of the last {@link #sample} failed. */
  String sampleFailure();

  /**
   * Numbers of a pooled vector: the width of an embedding, or one score per class of a reranker; 0 in a context that does
   * not pool.
   */
  default int pooledSize() {
    return 0;
  }

  /**
   * Copies the pooled vector of a sequence. All of its rows were in the last batch, each with an output.
   *
   * @param into receives {@link #pooledSize} numbers
   * @throws UnsupportedOperationException if the context does not pool
   */
  default void pooled(int sequence, float[] into) {
    throw new UnsupportedOperationException("This context pools no outputs.");
  }
}
