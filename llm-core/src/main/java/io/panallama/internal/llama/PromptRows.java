package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.decode.Outputs;
import io.panallama.request.GenerationOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Owns the memory for the log-probabilities of a prompt's tokens, as many as a step computes at most. Confined to the context's
 * thread; closed before the context.
 */
final class PromptRows implements AutoCloseable {
  private static final int MOST_TOP = GenerationOptions.MAX_TOP_LOGPROBS;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment tokens = arena.allocate(JAVA_INT, Outputs.PROMPT_ROWS);
  private final MemorySegment logprobs = arena.allocate(JAVA_FLOAT, Outputs.PROMPT_ROWS);
  private final MemorySegment topTokens = arena.allocate(JAVA_INT, (long) Outputs.PROMPT_ROWS * MOST_TOP);
  private final MemorySegment topLogprobs = arena.allocate(JAVA_FLOAT, (long) Outputs.PROMPT_ROWS * MOST_TOP);
  private final ErrorText error = new ErrorText(arena);
  private int stride;
  private String failure = "";

  /**
   * Computes as {@link Outputs#scorePrompt}.
   *
   * @param threads the pool to share the work with, or NULL
   */
  boolean compute(LlamaContext context, int row, int[] of, int from, int count, int top, MemorySegment threads) {
    if (count > Outputs.PROMPT_ROWS) {
      throw new IllegalArgumentException(count + " rows of a prompt at once");
    }
    MemorySegment.copy(of, from, tokens, JAVA_INT, 0, count);
    stride = top;
    int status =
        LlamaCpp.panallama_prompt_logprobs(
            context.pointer(), row, count, tokens, top, logprobs, topTokens, topLogprobs, threads, error.slot());
    if (status != LlamaCpp.PANALLAMA_OK()) {
      failure = error.take();
      return false;
    }
    return true;
  }

  float logprob(int index) {
    return logprobs.getAtIndex(JAVA_FLOAT, index);
  }

  int topToken(int index, int rank) {
    return topTokens.getAtIndex(JAVA_INT, (long) index * stride + rank);
  }

  float topLogprob(int index, int rank) {
    return topLogprobs.getAtIndex(JAVA_FLOAT, (long) index * stride + rank);
  }

  /** Why the last {@link #compute} failed. */
  String failure() {
    return failure;
  }

  @Override
  public void close() {
    arena.close();
  }
}
