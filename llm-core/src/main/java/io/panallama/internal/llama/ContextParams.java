package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.RopeScaling;
import io.panallama.embedding.Pooling;
import io.panallama.internal.decode.Outputs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Marshals an {@link EngineConfig} into a {@code llama_context_params}. Fields that are not set here keep llama.cpp's
 * default; a new option needs one line in {@link #into}.
 */
final class ContextParams {
  private ContextParams() {}

  /**
   * Allocates the struct for a context on {@code model}.
   *
   * @param config without {@link EngineConfig#AUTO} and {@link KvLayout#AUTO}
   * @param arena for the struct and everything it points to; the struct is only read while a context is created or
   *     planned
   */
  static MemorySegment allocate(ModelHandle model, EngineConfig config, Arena arena) {
    MemorySegment struct = LlamaCpp.llama_context_default_params(arena);
    into(struct, model, config);
    return struct;
  }

  /**
   * Allocates the struct for a context that pools: one that computes a vector for each sequence and no tokens.
   *
   * @param config its batch is computed at once, and its slots are the sequences of a batch
   */
  static MemorySegment allocatePooling(ModelHandle model, EngineConfig config, Pooling pooling, Arena arena) {
    MemorySegment struct = allocate(model, config, arena);
    llama_context_params.embeddings(struct, true);
    llama_context_params.pooling_type(struct, pooling.id());
    // Every token has an output, which pooling reads.
    llama_context_params.n_outputs_max(struct, config.batchSize());
    llama_context_params.n_outputs_max_per_seq(struct, config.batchSize());
    return struct;
  }

  /** Allocates the struct for a context that pools with the model's head, which gives scores. */
  static MemorySegment allocateScoring(ModelHandle model, EngineConfig config, Arena arena) {
    MemorySegment struct = allocatePooling(model, config, Pooling.MODEL, arena);
    llama_context_params.pooling_type(struct, LlamaCpp.LLAMA_POOLING_TYPE_RANK());
    return struct;
  }

  private static void into(MemorySegment struct, ModelHandle model, EngineConfig config) {
    int sequenceIds = sequenceIds(model, config);
    llama_context_params.n_ctx(struct, config.contextSize());
    llama_context_params.n_batch(struct, config.batchSize());
    llama_context_params.n_ubatch(struct, config.microBatchSize());
    llama_context_params.n_seq_max(struct, sequenceIds);
    llama_context_params.n_outputs_max(struct, outputs(sequenceIds, config.slots()));
    llama_context_params.n_threads(struct, config.threads());
    llama_context_params.n_threads_batch(struct, config.batchThreads());
    llama_context_params.flash_attn_type(struct, flashAttention(config.flashAttention()));
    llama_context_params.type_k(struct, type(config.keyType()));
    llama_context_params.type_v(struct, type(config.valueType()));
    llama_context_params.no_perf(struct, true);
    // With a single sequence a unified cache only costs: llama_batch_allocr::init then compares all pairs of
    // LLAMA_MAX_SEQ sequences in every step, 50 us.
    llama_context_params.kv_unified(struct, config.kvLayout() != KvLayout.SPLIT && sequenceIds > 1);
    llama_context_params.offload_kqv(struct, config.offloadKeyValues());
    llama_context_params.op_offload(struct, config.offloadOperations());
    llama_context_params.swa_full(struct, config.fullSlidingWindow());
    into(struct, config.rope());
  }

  private static void into(MemorySegment struct, RopeScaling rope) {
    llama_context_params.rope_scaling_type(struct, ropeType(rope.type()));
    llama_context_params.rope_freq_base(struct, rope.frequencyBase());
    llama_context_params.rope_freq_scale(struct, rope.frequencyScale());
    llama_context_params.yarn_ext_factor(struct, rope.yarnExtrapolation());
    llama_context_params.yarn_attn_factor(struct, rope.yarnAttention());
    llama_context_params.yarn_beta_fast(struct, rope.yarnBetaFast());
    llama_context_params.yarn_beta_slow(struct, rope.yarnBetaSlow());
    llama_context_params.yarn_orig_ctx(struct, rope.yarnOriginalContext());
  }

  private static int ropeType(RopeScaling.Type type) {
    return switch (type) {
      case MODEL -> LlamaCpp.LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED();
      case NONE -> LlamaCpp.LLAMA_ROPE_SCALING_TYPE_NONE();
      case LINEAR -> LlamaCpp.LLAMA_ROPE_SCALING_TYPE_LINEAR();
      case YARN -> LlamaCpp.LLAMA_ROPE_SCALING_TYPE_YARN();
      case LONGROPE -> LlamaCpp.LLAMA_ROPE_SCALING_TYPE_LONGROPE();
    };
  }

  /**
   * The maximum number of outputs of a call, for all sequences together. The output buffer holds a row of the
   * vocabulary for each. Generating needs one per slot, but llama.cpp reserves one per sequence id and asserts that it
   * may. Beside those there may be rows of a prompt whose log-probabilities are wanted; the buffer grows when there first are.
   */
  static int outputs(int sequenceIds, int slots) {
    return Math.max(sequenceIds, slots + Outputs.PROMPT_ROWS);
  }

  /** Sets the flag that llama.cpp polls while it computes; {@code flag} must outlive the context. */
  static void setAbortFlag(MemorySegment struct, MemorySegment flag) {
    llama_context_params.abort_callback(struct, LlamaCpp.panallama_abort_requested$address());
    llama_context_params.abort_callback_data(struct, flag);
  }

  /**
   * One id per slot. In a unified cache there are twice as many for the retained prefixes of finished sequences, if
   * those can be shared; in a split one each id has cells of its own.
   */
  private static int sequenceIds(ModelHandle model, EngineConfig config) {
    boolean retains = config.kvLayout() != KvLayout.SPLIT && config.reusePrefixes() && !model.hasRecurrentState();
    return retains ? Math.min(EngineConfig.MAX_SLOTS, 3 * config.slots()) : config.slots();
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
}
