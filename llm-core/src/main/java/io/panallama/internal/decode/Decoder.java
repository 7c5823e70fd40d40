package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * The seam between policy and llama.cpp: one context with its KV cache, its batch and its samplers.
 *
 * <p>Every method but {@link #requestAbort}, {@link #fingerprint} and {@link #read} belongs to the engine thread. Nothing
 * here allocates per step.
 */
public interface Decoder extends AutoCloseable {
  /** What became of a step. */
  enum Status {
    /** Computed; the KV cache holds the batch. */
    OK,
    /** There was no room in the KV cache; nothing changed. */
    NO_ROOM,
    /** The abort flag was seen; part of the batch may be in the KV cache. */
    ABORTED,
    /** llama.cpp failed; part of the batch may be in the KV cache. {@link #failure} says why. */
    FAILED
  }

  /** How far a sequence of this kind of model can go back to one of its beginnings. */
  enum Rewind {
    /** To any: the cells of a beginning stay what they are. */
    ALWAYS,
    /** While a sliding window that ends there is still all there; {@link #share} and {@link #removeFrom} say. */
    WINDOWED,
    /** Never: one state stands for all tokens (recurrent and hybrid models). */
    NEVER
  }

  /** The most tokens of one step. */
  int batchSize();

  /** Cells of the KV cache, shared by all sequences. */
  int contextSize();

  /** The most tokens of one sequence. */
  int sequenceContextSize();

  /** How many sequences the KV cache can tell apart; ids are 0 to one less. At least as many as slots. */
  int sequenceIds();

  /** Whether sequences of this kind of model can share the cells of a common beginning. */
  boolean sharesPrefixes();

  /**
   * Lets a sequence share the first {@code length} cells of another one; nothing is copied.
   *
   * @param to holds nothing but what it shares already
   * @return false if the cells can't be shared (a sliding window has moved on); nothing was changed then
   */
  boolean share(int from, int to, int length);

  /** Empties the batch. */
  void clearBatch();

  /**
   * Appends a token to the batch.
   *
   * @param position the token's place in its sequence, counted from 0; consecutive within a sequence
   * @param sequence the sequence id, 0 to slots - 1
   * @param output whether logits are wanted at this token
   * @return the token's index in the batch
   */
  int addToBatch(int token, int position, int sequence, boolean output);

  /** Computes the batch. */
  Status decode();

  /** Why the last {@link #decode} or the first failed {@link #sample} failed, in llama.cpp's words where it had any. */
  String failure();

  /** Empties the list of samples to take. */
  void clearSamples();

  /**
   * Appends a sample to take.
   *
   * @param sampler made for this decoder
   * @param outputIndex what {@link #addToBatch} returned for a token with {@code output}
   * @param topLogprobs how many of the likeliest tokens to report
   */
  void addSample(TokenSampler sampler, int outputIndex, int topLogprobs);

  /**
   * Appends a sample of which only the candidates are wanted: no token is chosen. Called only for samplers that were made
   * for it, and {@link #addChoice} follows before the next sample of that sampler.
   */
  default void addCandidates(TokenSampler sampler, int outputIndex, int topLogprobs) {
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

  /**
   * Removes a sequence's cells from {@code position} on, after a step that was not completed.
   *
   * @return false if what is left can't be trusted, because this kind of model can't go back; the caller then removes all
   */
  boolean removeFrom(int sequence, int position);

  /** Removes all cells of a sequence. */
  void remove(int sequence);

  /** How far sequences can go back. */
  Rewind rewind();

  /** Whether the cache lies in host memory as a whole, where {@link #save} and {@link #restore} cost no more than a copy. */
  boolean isOnHost();

  /**
   * Bytes that {@link #save} would take now; 0 if this sequence can't be saved. Costs a look at every cell, not a copy.
   */
  long stateBytes(int sequence);

  /**
   * Copies all that the cache holds of a sequence, which must be in order: no step of it failed half way.
   *
   * @return null if it can't be saved or there is no memory for it
   */
  @Nullable StateImage save(int sequence);

  /**
   * Puts an image into a sequence that holds nothing.
   *
   * @param image made by this decoder, or read by it after its origin was checked: llama.cpp asserts on others
   * @return false if there was no room or llama.cpp refused it; the sequence holds nothing then
   */
  boolean restore(StateImage image, int sequence);

  /**
   * Reads what an image wrote. Any thread; the image is not to be trusted before the checksum of its bytes was compared.
   *
   * @throws IOException if the channel fails or ends early, or there is no memory for so much
   */
  StateImage read(ReadableByteChannel channel, long bytes) throws IOException;

  /**
   * 32 bytes that are equal only for decoders that can restore each other's images and mean the same by them: model,
   * types of the cache, version of llama.cpp. Any thread; the first call reads parts of the model's file.
   *
   * @throws IOException if that file can't be read any more
   */
  byte[] fingerprint() throws IOException;

  /** Asks a running {@link #decode} to stop soon. Any thread. */
  void requestAbort();

  /** Takes the request back, before the next step. */
  void clearAbort();

  @Override
  void close();
}
