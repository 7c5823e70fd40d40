package io.panallama.internal.decode;

import java.nio.FloatBuffer;

/**
 * The rows of one step: tokens of any sequences, or embeddings of any sequences, but not both. Confined to the engine thread; adding tokens allocates nothing.
 */
public interface Batch {
  /** The maximum number of rows in one step. */
  int capacity();

  /** The maximum number of rows with an output in one step. Several of them may belong to one sequence. */
  int outputCapacity();

  /** Removes all rows. */
  void clear();

  /**
   * Appends a token.
   *
   * @param position the token's position in its sequence, counted from 0; consecutive within a sequence
   * @param sequence the sequence id, 0 to {@link Decoder#sequenceIds} - 1
   * @param output whether an output is needed at this row
   * @return the row's index in the batch, for use with {@link Outputs}
   * @throws IllegalArgumentException if an argument is out of range or the batch is full
   * @throws IllegalStateException if the batch has embeddings
   */
  int addToken(int token, int position, int sequence, boolean output);

  /** The number of floats in an embedding; 0 if the context accepts none. */
  default int embeddingSize() {
    return 0;
  }

  /**
   * Appends an embedding instead of a token, such as a patch of an image.
   *
   * @param vector {@link #embeddingSize} floats from the buffer's position on; they are copied, and the position does not change
   * @param position the position in the sequence; for models with several positions per row (M-RoPE) the others follow
   * @param sequence as in {@link #addToken}
   * @param output as in {@link #addToken}
   * @return the row's index in the batch
   * @throws IllegalStateException if the batch has tokens
   * @throws UnsupportedOperationException if the context accepts no embeddings
   */
  default int addEmbedding(FloatBuffer vector, int[] position, int sequence, boolean output) {
    throw new UnsupportedOperationException("This context takes no embeddings.");
  }
}
