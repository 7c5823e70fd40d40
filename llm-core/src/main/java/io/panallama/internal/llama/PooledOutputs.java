package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.TokenSampler;
import java.lang.foreign.MemorySegment;

/** The vectors of sequences, or of rows; there are no tokens to sample. Confined to the context's thread by its callers. */
final class PooledOutputs implements Outputs {
  private final LlamaContext context;
  private final int size;
  private final boolean pools;

  /**
   * @param size the number of floats of a vector
   * @param pools whether there is one for each sequence; otherwise there is one for each row
   */
  PooledOutputs(LlamaContext context, int size, boolean pools) {
    this.context = context;
    this.size = size;
    this.pools = pools;
  }

  @Override
  public int pooledSize() {
    return size;
  }

  @Override
  public boolean pools() {
    return pools;
  }

  @Override
  public void vectors(int row, int rows, float[] into) {
    if (pools) {
      throw new UnsupportedOperationException("A context that pools has no vectors of rows.");
    }
    MemorySegment all = LlamaCpp.llama_get_embeddings(context.pointer());
    if (all.address() == 0) {
      throw new IllegalStateException("llama.cpp has no vectors of the last batch.");
    }
    MemorySegment.copy(all, JAVA_FLOAT, (long) row * size * Float.BYTES, into, 0, rows * size);
  }

  @Override
  public void pooled(int sequence, float[] into) {
    MemorySegment vector = LlamaCpp.llama_get_embeddings_seq(context.pointer(), sequence);
    if (vector.address() == 0) {
      throw new IllegalStateException("Sequence " + sequence + " was not in the last batch.");
    }
    MemorySegment.copy(vector, JAVA_FLOAT, 0, into, 0, size);
  }

  @Override
  public void clearSamples() {}

  @Override
  public void addSample(TokenSampler sampler, int row, int topLogprobs) {
    throw noTokens();
  }

  @Override
  public void sample() {
    throw noTokens();
  }

  @Override
  public int sampledToken(int index) {
    throw noTokens();
  }

  @Override
  public float sampledLogprob(int index) {
    throw noTokens();
  }

  @Override
  public int topCount(int index) {
    throw noTokens();
  }

  @Override
  public int topToken(int index, int rank) {
    throw noTokens();
  }

  @Override
  public float topLogprob(int index, int rank) {
    throw noTokens();
  }

  @Override
  public String sampleFailure() {
    throw noTokens();
  }

  private static UnsupportedOperationException noTokens() {
    return new UnsupportedOperationException("A context that pools samples no tokens.");
  }
}
