package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/** Copies the states of a context's sequences ({@code llama_state_seq_*}). Owns nothing; closed with the context. */
final class NativeState implements StateStore, AutoCloseable {
  private final LlamaContext context;
  private final KvMemory memory;
  private final ModelHandle model;
  private final EngineConfig config;
  private final int sequenceIds;

  /** Number of streams that states of this context name; 0 if they are stored as llama.cpp wrote them. */
  private final int streams;

  private byte @Nullable [] fingerprint;
  private boolean closed;

  NativeState(LlamaContext context, KvMemory memory, ModelHandle model, EngineConfig config) {
    this.context = context;
    this.memory = memory;
    this.model = model;
    this.config = config;
    this.sequenceIds = context.sequenceIds();
    this.streams = StateFingerprint.isPortable(model) && !memory.isUnified() ? sequenceIds : 0;
  }

  @Override
  public long stateBytes(int sequence) {
    return LlamaCpp.llama_state_seq_get_size_ext(context.pointer(), requireSequence(sequence), 0);
  }

  @Override
  public @Nullable StateImage save(int sequence) {
    long bytes = stateBytes(sequence);
    if (bytes == 0) {
      return null;
    }
    NativeImage image;
    try {
      image = NativeImage.allocate(bytes, streams, sequence);
    } catch (OutOfMemoryError none) {
      return null;
    }
    // These calls catch exceptions, return 0 and log the reason.
    if (LlamaCpp.llama_state_seq_get_data_ext(context.pointer(), image.segment(), bytes, sequence, 0) != bytes) {
      image.close();
      return null;
    }
    return image;
  }

  @Override
  public boolean restore(StateImage image, int sequence) {
    MemorySegment state = ((NativeImage) image).segment();
    long read =
        LlamaCpp.llama_state_seq_set_data_ext(context.pointer(), state, state.byteSize(), requireSequence(sequence), 0);
    if (read == state.byteSize()) {
      return true;
    }
    // A lack of room is common and handled.
    context.dismissLog();
    // A cache of several parts may have accepted the first part but not the second.
    memory.remove(sequence);
    return false;
  }

  private int requireSequence(int sequence) {
    if (sequence < 0 || sequence >= sequenceIds) {
      throw new IllegalArgumentException("sequence " + sequence + " of " + sequenceIds);
    }
    return sequence;
  }

  @Override
  public StateImage read(ReadableByteChannel channel, long bytes) throws IOException {
    return NativeImage.read(channel, bytes, streams);
  }

  @Override
  public synchronized byte[] fingerprint() throws IOException {
    byte[] known = fingerprint;
    if (known == null) {
      // The model may be freed with the context; close waits for this.
      if (closed) {
        throw new IllegalStateException("The engine is closed.");
      }
      known = StateFingerprint.compute(model, config, memory.isUnified() ? 1 : sequenceIds);
      fingerprint = known;
    }
    return known.clone();
  }

  /** Waits for a fingerprint that is being computed; none is computed afterwards. */
  @Override
  public synchronized void close() {
    closed = true;
  }
}
