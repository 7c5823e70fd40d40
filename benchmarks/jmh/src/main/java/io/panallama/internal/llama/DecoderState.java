package io.panallama.internal.llama;

import io.panallama.NativeRuntime;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.internal.decode.Decoder;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A decoder with one sampler chain per sequence. Created, used and closed on one thread. */
final class DecoderState implements AutoCloseable {
  final NativeDecoder decoder;
  private final ModelHandle model;
  private final int sequences;
  private final List<SamplerChain> chains = new ArrayList<>();
  private final int[] outputs;

  /**
   * @param threads ggml's threads
   */
  DecoderState(Path file, int sequences, int threads, Sampling sampling) {
    this.sequences = sequences;
    this.outputs = new int[sequences];
    NativeRuntime.natives();
    model = ModelHandle.load(file, ModelConfig.defaults());
    EngineConfig config =
        EngineConfig.builder()
            .slots(sequences)
            .contextSize(512 * sequences)
            .batchSize(512)
            .microBatchSize(512)
            .threads(threads)
            .batchThreads(threads)
            .spill(SpillConfig.none())
            .build();
    decoder = NativeDecoder.create(model, config);
    for (int i = 0; i < sequences; i++) {
      chains.add(SamplerChain.create(model, sampling, new int[0]));
    }
  }

  /** Computes a token of each sequence. */
  void decode(int[] tokens, int position) {
    decoder.batch().clear();
    for (int i = 0; i < sequences; i++) {
      outputs[i] = decoder.batch().addToken(tokens[i], position, i, true);
    }
    Decoder.Status status = decoder.decode();
    if (status != Decoder.Status.OK) {
      throw new IllegalStateException("decode: " + status + " " + decoder.failure());
    }
  }

  /** Samples the next token of each sequence. */
  void sample() {
    decoder.outputs().clearSamples();
    for (int i = 0; i < sequences; i++) {
      decoder.outputs().addSample(chains.get(i), outputs[i], 0);
    }
    decoder.outputs().sample();
  }

  /** The token that was sampled for a sequence. */
  int token(int sequence) {
    int token = decoder.outputs().sampledToken(sequence);
    if (token < 0) {
      throw new IllegalStateException("sampling failed: " + decoder.outputs().sampleFailure());
    }
    return token;
  }

  @Override
  public void close() {
    chains.forEach(SamplerChain::close);
    decoder.close();
    model.close();
  }
}
