package io.panallama.internal.decode;

/**
 * The results of the last step: tokens sampled from the logits of its output rows, or, in a context that pools, one
 * vector per sequence. Confined to the engine thread; sampling allocates nothing.
 *
 * <p>Samples are first listed, then taken together. A sampler may be in the list only once, since each token it chooses
 * changes its state. Several outputs of one sequence are sampled in successive lists, each with the sampler's state
 * after the previous row: this is how speculative tokens are verified.
 */
public interface Outputs {
  /**
   * The most rows of prompts with an output in a step, those for sampling not counted: each output is a row of the
   * vocabulary, 32 MiB for so many of 128,000 tokens.
   */
  int PROMPT_ROWS = 64;

  /** Empties the list of samples. */
  void clearSamples();

  /**
   * Appends a sample.
   *
   * @param sampler created for this decoder
   * @param row the index that {@link Batch} returned for a row with an output
   * @param topLogprobs number of likeliest tokens to report
   */
  void addSample(TokenSampler sampler, int row, int topLogprobs);

  /**
   * Appends a sample for which only the candidates are needed: no token is chosen. Only for samplers that were created
   * for this; {@link #addChoice} must follow before the next sample of that sampler.
   */
  default void addCandidates(TokenSampler sampler, int row, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /**
   * Reads the candidates of sample {@code index} of the last {@link #sample}.
   *
   * @return false if that sample failed
   */
  default boolean readCandidates(int index, TokenSampler sampler, CandidateList into) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /** Appends a choice among the candidates from {@link #readCandidates}; it no longer needs logits. */
  default void addChoice(TokenSampler sampler, CandidateList from, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder hands out no candidates.");
  }

  /** Whether sample {@code index} of the last {@link #sample} needs more work than fits into a step. */
  default boolean isDeferred(int index) {
    return false;
  }

  /**
   * Hands over the rest of a sample that is deferred. Its sampler has not chosen a token; {@link #addDeferred} must
   * follow before the next sample of that sampler.
   */
  default DeferredSample takeDeferred(int index) {
    throw new UnsupportedOperationException("This decoder defers no samples.");
  }

  /**
   * Appends a sample that was deferred and has run since, whose result becomes that of this list; a sample of
   * candidates can then be read by {@link #readCandidates}. The list closes it.
   */
  default void addDeferred(TokenSampler sampler, DeferredSample deferred, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder defers no samples.");
  }

  /** Takes all listed samples. */
  void sample();

  /** Token {@code index} of the last {@link #sample}, or -1 if that one failed or is deferred. */
  int sampledToken(int index);

  /** Natural log-probability of that token; NaN unless log-probabilities were requested. */
  float sampledLogprob(int index);

  /** The number of alternatives reported for that sample. */
  int topCount(int index);

  /** The token of an alternative, likeliest first. */
  int topToken(int index, int rank);

  /** The natural log-probability of an alternative. */
  float topLogprob(int index, int rank);

  /** The error of the first failed sample of the last {@link #sample}. */
  String sampleFailure();

  /** Why sample {@code index} of the last {@link #sample} failed. */
  default SampleFailure failureKind(int index) {
    return SampleFailure.OTHER;
  }

  /**
   * Computes the log-probabilities of tokens that follow in a prompt: of {@code tokens[from + i]} by the output of row {@code row
   * + i}.
   *
   * @param row the index of the first row, each of which has an output
   * @param count number of rows, at most {@link #PROMPT_ROWS}
   * @param topLogprobs number of likeliest tokens to report
   * @return false if that failed; see {@link #promptFailure}
   */
  default boolean scorePrompt(int row, int[] tokens, int from, int count, int topLogprobs) {
    throw new UnsupportedOperationException("This decoder has no log-probabilities of prompts.");
  }

  /** Natural log-probability of the token at {@code index} of the last {@link #scorePrompt}. */
  default float promptLogprob(int index) {
    throw new UnsupportedOperationException("This decoder has no log-probabilities of prompts.");
  }

  /** The token of an alternative to it, likeliest first; there are as many as were asked for. */
  default int promptTopToken(int index, int rank) {
    throw new UnsupportedOperationException("This decoder has no log-probabilities of prompts.");
  }

  /** The natural log-probability of an alternative to it. */
  default float promptTopLogprob(int index, int rank) {
    throw new UnsupportedOperationException("This decoder has no log-probabilities of prompts.");
  }

  /** Why the last {@link #scorePrompt} failed. */
  default String promptFailure() {
    throw new UnsupportedOperationException("This decoder has no log-probabilities of prompts.");
  }

  /**
   * The number of floats in a vector: the width of an embedding, or one score per class of a reranker; 0 in a context that
   * gives none.
   */
  default int pooledSize() {
    return 0;
  }

  /**
   * Copies the pooled vector of a sequence, all of whose rows were in the last batch, each with an output.
   *
   * @param into receives {@link #pooledSize} floats
   * @throws UnsupportedOperationException if the context does not pool
   */
  default void pooled(int sequence, float[] into) {
    throw new UnsupportedOperationException("This context pools no outputs.");
  }

  /** Whether vectors are those of sequences ({@link #pooled}); otherwise they are those of rows ({@link #vectors}). */
  default boolean pools() {
    return true;
  }

  /**
   * Copies the vectors of consecutive rows of the last batch, all of whose rows had an output, one behind the other.
   *
   * @param row the index that {@link Batch} returned for the first of them
   * @param rows how many
   * @param into receives {@link #pooledSize} floats for each
   * @throws UnsupportedOperationException if the context pools, or gives no vectors
   */
  default void vectors(int row, int rows, float[] into) {
    throw new UnsupportedOperationException("This context gives no vectors of rows.");
  }
}
