package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.internal.decode.KvMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The {@code llama_memory_t} of a context, which owns it. Confined to the context's thread by its callers. */
final class NativeMemory implements KvMemory, AutoCloseable {
  private final MemorySegment memory;
  private final int contextSize;
  private final int slidingWindow;
  private final boolean recurrent;
  private final boolean onHost;
  private final boolean unified;
  private final boolean reuses;
  private final int sequenceCells;
  private final @Nullable StreamCopies copies;

  /** The memory of a context that has one. */
  NativeMemory(LlamaContext context, ModelHandle model, EngineConfig config) {
    this.memory = context.memory();
    this.contextSize = context.contextSize();
    this.slidingWindow = model.slidingWindow();
    this.recurrent = model.hasRecurrentState();
    this.onHost = !model.isOffloaded();
    this.reuses = config.reusePrefixes();
    // With one sequence id both layouts are the same.
    this.unified = config.kvLayout() != KvLayout.SPLIT || context.sequenceIds() == 1;
    this.sequenceCells = unified ? contextSize : context.sequenceContextSize();
    this.copies = unified ? null : new StreamCopies(context);
  }

  @Override
  public boolean isUnified() {
    return unified;
  }

  @Override
  public int sequenceCells() {
    return sequenceCells;
  }

  @Override
  public int contextSize() {
    return contextSize;
  }

  @Override
  public Rewind rewind() {
    if (recurrent) {
      return Rewind.NEVER;
    }
    return slidingWindow > 0 ? Rewind.WINDOWED : Rewind.ALWAYS;
  }

  @Override
  public boolean isOnHost() {
    return onHost;
  }

  @Override
  public boolean sharesPrefixes() {
    return reuses && !recurrent;
  }

  @Override
  public boolean share(int from, int to, int length) {
    if (!hasWindow(from, length)) {
      return false;
    }
    if (copies == null) {
      LlamaCpp.llama_memory_seq_cp(memory, from, to, 0, length);
      return true;
    }
    if (copies.copy(from, to) && removeFrom(to, length)) {
      return true;
    }
    remove(to);
    return false;
  }

  @Override
  public boolean removeFrom(int sequence, int position) {
    if (recurrent || !LlamaCpp.llama_memory_seq_rm(memory, sequence, position, -1)) {
      return false;
    }
    return hasWindow(sequence, position);
  }

  /**
   * Whether a sliding window that ends at {@code position} is still complete. llama.cpp gives cells that the window has
   * passed to other tokens, possibly all of them (-1), and reports no error when a sequence is rewound or shared
   * without them.
   */
  private boolean hasWindow(int sequence, int position) {
    if (slidingWindow == 0 || position == 0) {
      return true;
    }
    int first = LlamaCpp.llama_memory_seq_pos_min(memory, sequence);
    return first >= 0 && first <= Math.max(0, position - slidingWindow);
  }

  @Override
  public void close() {
    if (copies != null) {
      copies.close();
    }
  }

  @Override
  public void remove(int sequence) {
    LlamaCpp.llama_memory_seq_rm(memory, sequence, -1, -1);
  }
}
