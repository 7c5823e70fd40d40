package io.panallama.internal.engine;

/** A generation's sampler with its state, opaque to policy. Used by the engine thread once a generation is submitted. */
public interface TokenSampler extends AutoCloseable {
  @Override
  void close();
}
