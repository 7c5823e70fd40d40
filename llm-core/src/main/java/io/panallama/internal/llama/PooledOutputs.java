package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.TokenSampler;
import java.lang.foreign.MemorySegment;

/** The vectors of a context that pools; it has no tokens to sample. Confined to the context's thread by its callers. */
final class PooledOutputs implements Outputs {
  private final LlamaContext context;
  private final int size;

  /**
   * @param size the number of floats of a vector
   */
  PooledOutputs(LlamaContext context, int size) {
    this.context = context;
    this.size = size;
  }

  @Override
  public int pooledSize() {
    return size;
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
