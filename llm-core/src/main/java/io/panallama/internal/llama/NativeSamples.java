package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.panallama_sample;
import io.panallama.config.EngineConfig;
import io.panallama.internal.decode.CandidateList;
import io.panallama.internal.decode.DeferredSample;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.SampleFailure;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.request.GenerationOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owns the list of {@code panallama_sample} that a step fills, with room for one per slot, and the threads that sample.
 * Confined to the context's thread; closed before the context.
 */
final class NativeSamples implements Outputs, AutoCloseable {
  private static final int MOST_TOP = GenerationOptions.MAX_TOP_LOGPROBS;
  private static final long SIZE = panallama_sample.sizeof();
  private static final long CHAIN = offset("chain");
  private static final long OUTPUT_INDEX = offset("output_index");
  private static final long N_TOP = offset("n_top");
  private static final long SHORTLIST = offset("shortlist");
  private static final long STATUS = offset("status");
  private static final long TOKEN = offset("token");
  private static final long LOGPROB = offset("logprob");
  private static final long N_TOP_FILLED = offset("n_top_filled");
  private static final long TOP_TOKENS = offset("top_tokens");
  private static final long TOP_LOGPROBS = offset("top_logprobs");
  private static final long CANDIDATES = offset("candidates");
  private static final long DEFERRED = offset("deferred");

  /** The output index of a choice from candidates and of a deferred sample, which need no logits. */
  private static final int NO_OUTPUT = -1;

  private final Owned owned;
  private final LlamaContext context;
  private final SamplingPool pool;
  private final int capacity;
  private final MemorySegment samples;
  private final MemorySegment topTokens;
  private final MemorySegment topLogprobs;
  private final ErrorText error;
  private int count;

  /** Made when a prompt's log-probabilities are first wanted. */
  private @Nullable PromptRows prompt;

  /** The deferred samples in the list. */
  private final List<NativeDeferred> taken = new ArrayList<>();

  /** Whether one of the samples must be taken on this thread's stack. */
  private boolean recursive;

  private String failure = "";

  private NativeSamples(Owned owned, LlamaContext context, SamplingPool pool, int capacity, Arena arena) {
    this.owned = owned;
    this.context = context;
    this.pool = pool;
    this.capacity = capacity;
    this.samples = panallama_sample.allocateArray(capacity, arena);
    this.topTokens = arena.allocate(JAVA_INT, (long) capacity * MOST_TOP);
    this.topLogprobs = arena.allocate(JAVA_FLOAT, (long) capacity * MOST_TOP);
    for (int i = 0; i < capacity; i++) {
      samples.set(ADDRESS, i * SIZE + TOP_TOKENS, topTokens.asSlice((long) i * MOST_TOP * JAVA_INT.byteSize()));
      samples.set(ADDRESS, i * SIZE + TOP_LOGPROBS, topLogprobs.asSlice((long) i * MOST_TOP * JAVA_FLOAT.byteSize()));
    }
    this.error = new ErrorText(arena);
  }

  /**
   * Creates a list for the steps of a context.
   *
   * @throws io.panallama.error.EngineStartException if ggml's CPU backend can't sample on its threads
   */
  static NativeSamples create(LlamaContext context, EngineConfig config) {
    return Owned.build(owned -> {
      Arena arena = owned.add(Arena.ofConfined(), Arena::close);
      SamplingPool pool = owned.add(context.cpu().borrow(config.threads()), SamplingPool::close);
      return new NativeSamples(owned, context, pool, config.slots(), arena);
    });
  }

  @Override
  public void clearSamples() {
    count = 0;
    recursive = false;
  }

  @Override
  public void addSample(TokenSampler sampler, int row, int topLogprobs) {
    add((SamplerChain) sampler, row, topLogprobs, MemorySegment.NULL);
  }

  @Override
  public void addCandidates(TokenSampler sampler, int row, int topLogprobs) {
    SamplerChain chain = (SamplerChain) sampler;
    add(chain, row, topLogprobs, chain.candidates().pointer());
  }

  @Override
  public boolean readCandidates(int index, TokenSampler sampler, CandidateList into) {
    if (samples.get(JAVA_INT, index * SIZE + STATUS) != LlamaCpp.PANALLAMA_OK()) {
      return false;
    }
    ((SamplerChain) sampler).candidates().read(into);
    return true;
  }

  @Override
  public void addChoice(TokenSampler sampler, CandidateList from, int topLogprobs) {
    SamplerChain chain = (SamplerChain) sampler;
    chain.candidates().write(from);
    add(chain, NO_OUTPUT, topLogprobs, chain.candidates().pointer());
  }

  @Override
  public boolean isDeferred(int index) {
    return samples.get(JAVA_INT, index * SIZE + STATUS) == LlamaCpp.PANALLAMA_LATER();
  }

  @Override
  public DeferredSample takeDeferred(int index) {
    if (!isDeferred(index)) {
      throw new IllegalStateException("sample " + index + " is not deferred");
    }
    return new NativeDeferred(samples.get(ADDRESS, index * SIZE + DEFERRED));
  }

  @Override
  public void addDeferred(TokenSampler sampler, DeferredSample deferred, int topLogprobs) {
    NativeDeferred work = (NativeDeferred) deferred;
    add((SamplerChain) sampler, NO_OUTPUT, topLogprobs, MemorySegment.NULL);
    samples.set(ADDRESS, (count - 1) * SIZE + DEFERRED, work.pointer());
    taken.add(work);
  }

  private void add(SamplerChain chain, int outputIndex, int top, MemorySegment candidates) {
    if (count >= capacity) {
      throw new IllegalStateException("more than " + capacity + " samples in a list");
    }
    long base = count++ * SIZE;
    samples.set(ADDRESS, base + CHAIN, chain.pointer());
    samples.set(JAVA_INT, base + SHORTLIST, chain.shortlist());
    samples.set(JAVA_INT, base + OUTPUT_INDEX, outputIndex);
    samples.set(JAVA_INT, base + N_TOP, chain.reportsLeft() ? -top : top);
    samples.set(ADDRESS, base + CANDIDATES, candidates);
    samples.set(ADDRESS, base + DEFERRED, MemorySegment.NULL);
    recursive |= chain.isRecursive();
  }

  @Override
  public void sample() {
    // A single sample has nothing to share; and if the wait for the threads is aborted, this thread samples alone.
    boolean shared = count > 1 && !recursive && pool.hasThreads() && context.cpu().enter();
    try {
      MemorySegment threads = shared ? pool.pointer() : MemorySegment.NULL;
      if (LlamaCpp.panallama_sample(context.pointer(), samples, count, threads, error.slot()) > 0) {
        failure = error.take();
      }
    } finally {
      if (shared) {
        context.cpu().leave();
      }
      // An iterator would be garbage of every step.
      while (!taken.isEmpty()) {
        taken.removeLast().close();
      }
    }
  }

  @Override
  public boolean scorePrompt(int row, int[] tokens, int from, int rows, int topLogprobs) {
    PromptRows into = prompt;
    if (into == null) {
      into = owned.add(new PromptRows(), PromptRows::close);
      prompt = into;
    }
    boolean shared = rows > 1 && pool.hasThreads() && context.cpu().enter();
    try {
      MemorySegment threads = shared ? pool.pointer() : MemorySegment.NULL;
      return into.compute(context, row, tokens, from, rows, topLogprobs, threads);
    } finally {
      if (shared) {
        context.cpu().leave();
      }
    }
  }

  @Override
  public float promptLogprob(int index) {
    return scored().logprob(index);
  }

  @Override
  public int promptTopToken(int index, int rank) {
    return scored().topToken(index, rank);
  }

  @Override
  public float promptTopLogprob(int index, int rank) {
    return scored().topLogprob(index, rank);
  }

  @Override
  public String promptFailure() {
    return scored().failure();
  }

  private PromptRows scored() {
    PromptRows scored = prompt;
    if (scored == null) {
      throw new IllegalStateException("no prompt has been scored");
    }
    return scored;
  }

  @Override
  public String sampleFailure() {
    return failure;
  }

  @Override
  public SampleFailure failureKind(int index) {
    int status = samples.get(JAVA_INT, index * SIZE + STATUS);
    if (status == LlamaCpp.PANALLAMA_INVALID()) {
      return SampleFailure.NO_TOKEN_LEFT;
    }
    return status == LlamaCpp.PANALLAMA_TOO_MUCH() ? SampleFailure.GRAMMAR_LIMIT : SampleFailure.OTHER;
  }

  @Override
  public int sampledToken(int index) {
    long base = index * SIZE;
    return samples.get(JAVA_INT, base + STATUS) == LlamaCpp.PANALLAMA_OK() ? samples.get(JAVA_INT, base + TOKEN) : -1;
  }

  @Override
  public float sampledLogprob(int index) {
    return samples.get(JAVA_FLOAT, index * SIZE + LOGPROB);
  }

  @Override
  public int topCount(int index) {
    return samples.get(JAVA_INT, index * SIZE + N_TOP_FILLED);
  }

  @Override
  public int topToken(int index, int rank) {
    return topTokens.getAtIndex(JAVA_INT, (long) index * MOST_TOP + rank);
  }

  @Override
  public float topLogprob(int index, int rank) {
    return topLogprobs.getAtIndex(JAVA_FLOAT, (long) index * MOST_TOP + rank);
  }

  @Override
  public void close() {
    owned.close();
  }

  private static long offset(String field) {
    return panallama_sample.layout().byteOffset(PathElement.groupElement(field));
  }
}
