package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_batch;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.panallama_sample;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.internal.engine.CandidateList;
import io.panallama.internal.engine.Decoder;
import io.panallama.internal.engine.StateImage;
import io.panallama.internal.engine.TokenSampler;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * A {@code llama_context} with its batch and sample lists in memory of ours, reused for ever.
 *
 * <p>Confined to the thread that made it, which its arena enforces; {@link #requestAbort}, {@link #read} and {@link
 * #fingerprint} alone are for any thread.
 */
public final class NativeDecoder implements Decoder {
  private static final int MOST_TOP = GenerationOptions.MAX_TOP_LOGPROBS;
  private static final VarHandle FLAG = JAVA_INT.varHandle();
  private static final long SAMPLE_SIZE = panallama_sample.sizeof();
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

  /** An output index for a choice from candidates, which needs no logits. */
  private static final int NO_OUTPUT = -1;

  private final ModelHandle model;
  private final EngineConfig config;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment context;
  private final CpuThreads cpu;
  private final SamplingPool samplers;
  private final MemorySegment memory;
  private final int batchSize;
  private final int contextSize;
  private final int sequenceContextSize;
  private final int sequenceIds;
  private final int slidingWindow;
  private final boolean recurrent;

  private final MemorySegment batch;
  private final MemorySegment tokens;
  private final MemorySegment positions;
  private final MemorySegment sequences;
  private final MemorySegment outputs;
  private final MemorySegment samples;
  private final MemorySegment topTokens;
  private final MemorySegment topLogprobs;
  private final ErrorText error;
  private final LogRouter.Capture log;
  private final MemorySegment abortFlag;
  private int batchLength;
  private int sampleCount;

  /** Whether one of the samples must be taken on the stack of this thread. */
  private boolean recursiveSamples;

  private String failure = "";
  private boolean closed;
  private byte @Nullable [] fingerprint;

  private NativeDecoder(ModelHandle model, MemorySegment context, MemorySegment abortFlag, EngineConfig config) {
    this.model = model;
    this.config = config;
    this.context = context;
    this.abortFlag = abortFlag;
    this.sequenceIds = LlamaCpp.llama_n_seq_max(context);
    int slots = config.slots();
    this.memory = LlamaCpp.llama_get_memory(context);
    this.batchSize = LlamaCpp.llama_n_batch(context);
    this.contextSize = LlamaCpp.llama_n_ctx(context);
    this.recurrent = isRecurrent(model);
    this.slidingWindow = model.slidingWindow();
    int trained = model.trainedContextSize();
    int perSequence = LlamaCpp.llama_n_ctx_seq(context);
    this.sequenceContextSize = trained > 0 ? Math.min(perSequence, trained) : perSequence;

    this.tokens = arena.allocate(JAVA_INT, batchSize);
    this.positions = arena.allocate(JAVA_INT, batchSize);
    this.sequences = arena.allocate(JAVA_INT, batchSize);
    this.outputs = arena.allocate(JAVA_BYTE, batchSize);
    this.batch = batch();
    this.samples = panallama_sample.allocateArray(slots, arena);
    this.topTokens = arena.allocate(JAVA_INT, (long) slots * MOST_TOP);
    this.topLogprobs = arena.allocate(JAVA_FLOAT, (long) slots * MOST_TOP);
    for (int i = 0; i < slots; i++) {
      samples.set(ADDRESS, i * SAMPLE_SIZE + TOP_TOKENS, topTokens.asSlice(i * MOST_TOP * JAVA_INT.byteSize()));
      samples.set(ADDRESS, i * SAMPLE_SIZE + TOP_LOGPROBS, topLogprobs.asSlice(i * MOST_TOP * JAVA_FLOAT.byteSize()));
    }
    this.error = new ErrorText(arena);
    this.log = LogRouter.capture();
    // Last: nothing else that fails after it would close it.
    this.cpu =
        CpuThreads.attach(
            context,
            Math.max(config.threads(), config.batchThreads()),
            model.isOffloaded(),
            () -> (int) FLAG.getVolatile(abortFlag, 0L) != 0);
    try {
      this.samplers = cpu.borrow(config.threads());
    } catch (Throwable failure) {
      cpu.close();
      throw failure;
    }
  }

  /** Six arrays and one struct; every token belongs to one sequence, so the two inner arrays never change. */
  private MemorySegment batch() {
    MemorySegment counts = arena.allocate(JAVA_INT, batchSize);
    MemorySegment pointers = arena.allocate(ADDRESS, batchSize);
    for (int i = 0; i < batchSize; i++) {
      counts.setAtIndex(JAVA_INT, i, 1);
      pointers.setAtIndex(ADDRESS, i, sequences.asSlice(i * JAVA_INT.byteSize()));
    }
    MemorySegment struct = llama_batch.allocate(arena);
    llama_batch.token(struct, tokens);
    llama_batch.embd(struct, MemorySegment.NULL);
    llama_batch.pos(struct, positions);
    llama_batch.n_seq_id(struct, counts);
    llama_batch.seq_id(struct, pointers);
    llama_batch.logits(struct, outputs);
    return struct;
  }

  /**
   * Creates a context on the calling thread and retains the model.
   *
   * @param config without {@link EngineConfig#AUTO}
   * @throws EngineStartException if llama.cpp refuses
   */
  public static NativeDecoder create(ModelHandle model, EngineConfig config) {
    model.retain();
    // An automatic arena: whoever asks for an abort may do so while the engine is being closed.
    MemorySegment abortFlag = Arena.ofAuto().allocate(JAVA_INT);
    try (Arena scratch = Arena.ofConfined();
        LogRouter.Capture log = LogRouter.capture()) {
      MemorySegment context =
          LlamaCpp.llama_init_from_model(model.pointer(), abortable(parameters(model, config, scratch), abortFlag));
      if (context.address() == 0) {
        throw new EngineStartException(
            Reason.REFUSED, "llama.cpp refused to start: " + log.errors("it gave no reason"), null);
      }
      try {
        // Models for embeddings or diffusion: llama_decode would encode instead, and assert on larger batches.
        if (LlamaCpp.llama_get_memory(context).address() == 0) {
          throw new EngineStartException(
              Reason.NOT_A_DECODER,
              "The model keeps no memory of a sequence; it does not generate token by token.",
              null);
        }
        return new NativeDecoder(model, context, abortFlag, config);
      } catch (Throwable failure) {
        LlamaCpp.llama_free(context);
        throw failure;
      }
    } catch (Throwable failure) {
      model.release();
      throw failure;
    }
  }

  private static MemorySegment abortable(MemorySegment parameters, MemorySegment abortFlag) {
    llama_context_params.abort_callback(parameters, LlamaCpp.panallama_abort_requested$address());
    llama_context_params.abort_callback_data(parameters, abortFlag);
    return parameters;
  }

  /** The {@code llama_context_params} of a configuration without {@link EngineConfig#AUTO}. */
  static MemorySegment parameters(ModelHandle model, EngineConfig config, Arena arena) {
    MemorySegment parameters = LlamaCpp.llama_context_default_params(arena);
    llama_context_params.n_ctx(parameters, config.contextSize());
    llama_context_params.n_batch(parameters, config.batchSize());
    llama_context_params.n_ubatch(parameters, config.microBatchSize());
    int sequenceIds = sequenceIds(model, config);
    llama_context_params.n_seq_max(parameters, sequenceIds);
    // The output buffer holds a row of the vocabulary per output. We never want more than one per slot, but llama.cpp
    // makes room for one per sequence id and asserts that it may.
    llama_context_params.n_outputs_max(parameters, sequenceIds);
    llama_context_params.n_threads(parameters, config.threads());
    llama_context_params.n_threads_batch(parameters, config.batchThreads());
    llama_context_params.flash_attn_type(parameters, flashAttention(config.flashAttention()));
    llama_context_params.type_k(parameters, type(config.keyType()));
    llama_context_params.type_v(parameters, type(config.valueType()));
    llama_context_params.no_perf(parameters, true);
    // llama_memory_seq_cp of a part of a sequence aborts the process without it. With one sequence it only costs:
    // llama_batch_allocr::init compares all pairs of LLAMA_MAX_SEQ sequences at every step then, some 50 us.
    llama_context_params.kv_unified(parameters, sequenceIds > 1);
    return parameters;
  }

  /** Ids for the slots, and twice as many for what finished sequences leave, where that can be shared. */
  private static int sequenceIds(ModelHandle model, EngineConfig config) {
    boolean retains = config.reusePrefixes() && !isRecurrent(model);
    return retains ? Math.min(EngineConfig.MAX_SLOTS, 3 * config.slots()) : config.slots();
  }

  /** Whether a sequence's state is one for all of its tokens: there is no beginning of it to share or to go back to. */
  private static boolean isRecurrent(ModelHandle model) {
    return model.isRecurrent() || model.isHybrid();
  }

  private static int flashAttention(FlashAttention choice) {
    return switch (choice) {
      case AUTO -> LlamaCpp.LLAMA_FLASH_ATTN_TYPE_AUTO();
      case ENABLED -> LlamaCpp.LLAMA_FLASH_ATTN_TYPE_ENABLED();
      case DISABLED -> LlamaCpp.LLAMA_FLASH_ATTN_TYPE_DISABLED();
    };
  }

  private static int type(KvCacheType type) {
    return switch (type) {
      case F32 -> LlamaCpp.GGML_TYPE_F32();
      case F16 -> LlamaCpp.GGML_TYPE_F16();
      case BF16 -> LlamaCpp.GGML_TYPE_BF16();
      case Q8_0 -> LlamaCpp.GGML_TYPE_Q8_0();
      case Q4_0 -> LlamaCpp.GGML_TYPE_Q4_0();
      case Q4_1 -> LlamaCpp.GGML_TYPE_Q4_1();
      case IQ4_NL -> LlamaCpp.GGML_TYPE_IQ4_NL();
      case Q5_0 -> LlamaCpp.GGML_TYPE_Q5_0();
      case Q5_1 -> LlamaCpp.GGML_TYPE_Q5_1();
    };
  }

  @Override
  public int batchSize() {
    return batchSize;
  }

  @Override
  public int contextSize() {
    return contextSize;
  }

  @Override
  public int sequenceContextSize() {
    return sequenceContextSize;
  }

  @Override
  public int sequenceIds() {
    return sequenceIds;
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
  public void clearBatch() {
    batchLength = 0;
  }

  @Override
  public int addToBatch(int token, int position, int sequence, boolean output) {
    // llama.cpp only asserts these, and an assert that fails ends the process.
    if (batchLength >= batchSize
        || token < 0
        || token >= model.vocabularySize()
        || sequence < 0
        || sequence >= sequenceIds
        || position < 0) {
      throw new IllegalArgumentException(
          "token " + token + " at " + position + " of sequence " + sequence + " in a batch of " + batchLength);
    }
    int index = batchLength++;
    tokens.setAtIndex(JAVA_INT, index, token);
    positions.setAtIndex(JAVA_INT, index, position);
    sequences.setAtIndex(JAVA_INT, index, sequence);
    outputs.setAtIndex(JAVA_BYTE, index, (byte) (output ? 1 : 0));
    return index;
  }

  @Override
  public Status decode() {
    llama_batch.n_tokens(batch, batchLength);
    log.clear();
    if (!cpu.enter()) {
      return Status.ABORTED;
    }
    int code;
    try {
      code = LlamaCpp.panallama_decode(context, batch, error.slot());
    } finally {
      cpu.leave();
    }
    return switch (code) {
      case 0 -> Status.OK;
      case 1 -> Status.NO_ROOM;
      case 2 -> Status.ABORTED;
      default -> {
        String text = code == LlamaCpp.PANALLAMA_DECODE_THREW() ? error.take() : "llama_decode returned " + code;
        failure = text + ": " + log.errors("llama.cpp gave no reason");
        yield Status.FAILED;
      }
    };
  }

  @Override
  public String failure() {
    return failure;
  }

  @Override
  public void clearSamples() {
    sampleCount = 0;
    recursiveSamples = false;
  }

  @Override
  public void addSample(TokenSampler sampler, int outputIndex, int top) {
    add((SamplerChain) sampler, outputIndex, top, MemorySegment.NULL);
  }

  @Override
  public void addCandidates(TokenSampler sampler, int outputIndex, int top) {
    SamplerChain chain = (SamplerChain) sampler;
    add(chain, outputIndex, top, chain.candidates().pointer());
  }

  @Override
  public boolean readCandidates(int index, TokenSampler sampler, CandidateList into) {
    if (samples.get(JAVA_INT, index * SAMPLE_SIZE + STATUS) != LlamaCpp.PANALLAMA_OK()) {
      return false;
    }
    ((SamplerChain) sampler).candidates().read(into);
    return true;
  }

  @Override
  public void addChoice(TokenSampler sampler, CandidateList from, int top) {
    SamplerChain chain = (SamplerChain) sampler;
    chain.candidates().write(from);
    add(chain, NO_OUTPUT, top, chain.candidates().pointer());
  }

  private void add(SamplerChain chain, int outputIndex, int top, MemorySegment candidates) {
    long base = sampleCount++ * SAMPLE_SIZE;
    samples.set(ADDRESS, base + CHAIN, chain.pointer());
    samples.set(JAVA_INT, base + SHORTLIST, chain.shortlist());
    samples.set(JAVA_INT, base + OUTPUT_INDEX, outputIndex);
    samples.set(JAVA_INT, base + N_TOP, top);
    samples.set(ADDRESS, base + CANDIDATES, candidates);
    recursiveSamples |= chain.isRecursive();
  }

  @Override
  public void sample() {
    // One sample has nothing to share, and whoever would have to give up waiting for the threads does it alone.
    boolean shared = sampleCount > 1 && !recursiveSamples && samplers.hasThreads() && cpu.enter();
    try {
      MemorySegment threads = shared ? samplers.pointer() : MemorySegment.NULL;
      if (LlamaCpp.panallama_sample(context, samples, sampleCount, threads, error.slot()) > 0) {
        failure = error.take();
      }
    } finally {
      if (shared) {
        cpu.leave();
      }
    }
  }

  @Override
  public int sampledToken(int index) {
    long base = index * SAMPLE_SIZE;
    return samples.get(JAVA_INT, base + STATUS) == LlamaCpp.PANALLAMA_OK() ? samples.get(JAVA_INT, base + TOKEN) : -1;
  }

  @Override
  public float sampledLogprob(int index) {
    return samples.get(JAVA_FLOAT, index * SAMPLE_SIZE + LOGPROB);
  }

  @Override
  public int topCount(int index) {
    return samples.get(JAVA_INT, index * SAMPLE_SIZE + N_TOP_FILLED);
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
  public boolean removeFrom(int sequence, int position) {
    if (recurrent || !LlamaCpp.llama_memory_seq_rm(memory, sequence, position, -1)) {
      return false;
    }
    return hasWindow(sequence, position);
  }

  /**
   * Whether a sliding window that ends at {@code position} is still all there. llama.cpp gives cells that the window has
   * passed to other tokens, perhaps all of them (-1), and says nothing when a sequence goes back or is shared without them.
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

  @Override
  public boolean isOnHost() {
    return !model.isOffloaded();
  }

  @Override
  public Rewind rewind() {
    if (recurrent) {
      return Rewind.NEVER;
    }
    return slidingWindow > 0 ? Rewind.WINDOWED : Rewind.ALWAYS;
  }

  @Override
  public long stateBytes(int sequence) {
    return LlamaCpp.llama_state_seq_get_size_ext(context, requireSequence(sequence), 0);
  }

  @Override
  public @Nullable StateImage save(int sequence) {
    long bytes = stateBytes(sequence);
    if (bytes == 0) {
      return null;
    }
    NativeImage image;
    try {
      image = NativeImage.allocate(bytes);
    } catch (OutOfMemoryError none) {
      return null;
    }
    // These calls catch what they throw, say 0, and have told the log why.
    if (LlamaCpp.llama_state_seq_get_data_ext(context, image.segment(), bytes, sequence, 0) != bytes) {
      image.close();
      return null;
    }
    return image;
  }

  @Override
  public boolean restore(StateImage image, int sequence) {
    MemorySegment state = ((NativeImage) image).segment();
    long read = LlamaCpp.llama_state_seq_set_data_ext(context, state, state.byteSize(), requireSequence(sequence), 0);
    if (read == state.byteSize()) {
      return true;
    }
    // A cache of several parts may have taken the first and not the second.
    remove(sequence);
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
    return NativeImage.read(channel, bytes);
  }

  @Override
  public synchronized byte[] fingerprint() throws IOException {
    byte[] known = fingerprint;
    if (known == null) {
      // The model may be gone with the context, and close waits for this.
      if (closed) {
        throw new IllegalStateException("The engine is closed.");
      }
      known = StateFingerprint.compute(model, config);
      fingerprint = known;
    }
    return known.clone();
  }

  @Override
  public void requestAbort() {
    FLAG.setVolatile(abortFlag, 0L, 1);
    cpu.wake();
  }

  @Override
  public void clearAbort() {
    FLAG.setVolatile(abortFlag, 0L, 0);
  }

  /** Frees what uses the threads and the context first, then what it used. */
  @Override
  public void close() {
    boolean first;
    synchronized (this) {
      first = !closed;
      closed = true;
    }
    if (first) {
      log.close();
      samplers.close();
      LlamaCpp.llama_free(context);
      cpu.close();
      arena.close();
      model.release();
    }
  }

  private static long offset(String field) {
    return panallama_sample.layout().byteOffset(PathElement.groupElement(field));
  }
}
