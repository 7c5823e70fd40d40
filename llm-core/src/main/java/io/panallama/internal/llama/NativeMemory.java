package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.decode.KvMemory;
import java.lang.foreign.MemorySegment;

/** The {@code llama_memory_t} of a context, which owns it. Confined to the context's thread by its callers. */
final class NativeMemory implements KvMemory {
  private final MemorySegment memory;
  private final int contextSize;
  private final int slidingWindow;
  private final boolean recurrent;
  private final boolean onHost;

  /** The memory of a context that has one. */
  NativeMemory(LlamaContext context, ModelHandle model) {
    this.memory = context.memory();
    this.contextSize = context.contextSize();
    this.slidingWindow = model.slidingWindow();
    this.recurrent = model.hasRecurrentState();
    this.onHost = !model.isOffloaded();
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
    return !recurrent;
  }

  @Override
  public boolean share(int from, int to, int length) {
    if (!hasWindow(from, length)) {
      return false;
    }
    LlamaCpp.llama_memory_seq_cp(memory, from, to, 0, length);
    return true;
  }

  @Override
  public boolean removeFrom(int sequence, int position) {
    if (recurrent || !LlamaCpp.llama_memory_seq_rm(memory, sequence, position, -1)) {
      return false;
    }
    return hasWindow(sequence, position);
  }

  /**
   * Whether a sliding window that ends at {@code position} is still complete. llama.cpp gives cells that the window has passed to other tokens, possibly all of them (-1), and reports no error when a sequence is rewound or shared without them.
   */
  private boolean hasWindow(int sequence, int position) {
    if (slidingWindow == 0 || position == 0) {
      return true;
    }
    int first = LlamaCpp.llama_memory_seq_pos_min(memory, sequence);
    return first >= 0 && first <= Math.max(0, position - slidingWindow);
  }

  @Override
  public void remove(int sequence) {
    LlamaCpp.llama_memory_seq_rm(memory, sequence, -1, -1);
  }
}
