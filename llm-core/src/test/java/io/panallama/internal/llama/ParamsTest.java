package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_threadpool_params;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.llama_model_kv_override;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.bindings.generated.llama_model_tensor_buft_override;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.LazyMode;
import io.panallama.config.LoadMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.RopeScaling;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import io.panallama.config.ThreadPlacement;
import io.panallama.error.ModelLoadException;
import io.panallama.testkit.TinyModels;
import java.lang.foreign.Arena;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.PaddingLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every option arrives in the struct that llama.cpp reads, whether or not this machine can show its effect. */
class ParamsTest {
  private static final Path FILE = Path.of("some.gguf");

  @TempDir Path folder;

  @BeforeAll
  static void load() {
    Natives.load();
  }

  @Test
  void modelOptionsArrive() {
    ModelConfig config =
        ModelConfig.builder()
            .loadMode(LoadMode.DIRECT_IO)
            .lazyMode(LazyMode.ON)
            .splitMode(SplitMode.ROW)
            .tensorSplit(List.of(3f, 1f))
            .tensorPlacements(List.of(new TensorPlacement("ffn", "CPU")))
            .metadata(Map.of("a.key", MetadataValue.of(7)))
            .vocabularyOnly(true)
            .checkTensors(true)
            .extraBuffers(false)
            .hostBuffers(false)
            .build();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = ModelParams.allocate(FILE, config, arena);
      assertThat(llama_model_params.load_mode(struct)).isEqualTo(LlamaCpp.LLAMA_LOAD_MODE_DIRECT_IO());
      assertThat(llama_model_params.lazy_mode(struct)).isEqualTo(LlamaCpp.LLAMA_LAZY_MODE_ON());
      assertThat(llama_model_params.split_mode(struct)).isEqualTo(LlamaCpp.LLAMA_SPLIT_MODE_ROW());
      assertThat(llama_model_params.vocab_only(struct)).isTrue();
      assertThat(llama_model_params.check_tensors(struct)).isTrue();
      assertThat(llama_model_params.use_extra_bufts(struct)).isFalse();
      assertThat(llama_model_params.no_host(struct)).isTrue();
      assertThat(llama_model_params.tensor_split(struct).address()).isNotZero();
      assertThat(llama_model_params.tensor_buft_overrides(struct).address()).isNotZero();
      assertThat(llama_model_params.kv_overrides(struct).address()).isNotZero();
      DeviceChoice devices = new DeviceChoice(FILE, config);
      MemorySegment split = devices.tensorSplit(arena);
      assertThat(split.byteSize()).isEqualTo(4 * LlamaCpp.llama_max_devices());
      assertThat(split.toArray(JAVA_FLOAT)).startsWith(3f, 1f, 0f);
      MemorySegment placement = devices.placements(arena);
      assertThat(llama_model_tensor_buft_override.pattern(placement).getString(0)).isEqualTo("ffn");
      assertThat(LlamaCpp.ggml_backend_buft_name(llama_model_tensor_buft_override.buft(placement)).getString(0))
          .isEqualTo("CPU");
      MemorySegment end = llama_model_tensor_buft_override.asSlice(placement, 1);
      assertThat(llama_model_tensor_buft_override.pattern(end).address()).isZero();
    }
  }

  @Test
  void whatNobodyChoseIsLlamaCppsOwn() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ours = ModelParams.allocate(FILE, ModelConfig.defaults(), arena);
      MemorySegment theirs = LlamaCpp.llama_model_default_params(arena);
      llama_model_params.load_mode(theirs, LlamaCpp.LLAMA_LOAD_MODE_MMAP());
      llama_model_params.n_gpu_layers(theirs, llama_model_params.n_gpu_layers(ours));
      assertSameMembers(ours, theirs, llama_model_params.layout());
    }
  }

  @Test
  void everyTypeOfMetadataArrives() {
    Map<String, MetadataValue> metadata =
        Map.of(
            "a", MetadataValue.of(-5),
            "b", MetadataValue.of(0.25),
            "c", MetadataValue.of(true),
            "d", MetadataValue.of("text"));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = MetadataOverrides.allocate(metadata, arena);
      assertThat(all.byteSize()).isEqualTo(5 * llama_model_kv_override.sizeof());
      for (int i = 0; i < 4; i++) {
        MemorySegment one = llama_model_kv_override.asSlice(all, i);
        switch (llama_model_kv_override.key(one).getString(0)) {
          case "a" -> assertThat(llama_model_kv_override.val_i64(one)).isEqualTo(-5);
          case "b" -> assertThat(llama_model_kv_override.val_f64(one)).isEqualTo(0.25);
          case "c" -> assertThat(llama_model_kv_override.val_bool(one)).isTrue();
          case "d" -> assertThat(llama_model_kv_override.val_str(one).getString(0)).isEqualTo("text");
          default -> throw new AssertionError("an unknown key");
        }
      }
      assertThat(llama_model_kv_override.key(llama_model_kv_override.asSlice(all, 4)).getString(0)).isEmpty();
    }
  }

  @Test
  void contextOptionsArrive() {
    RopeScaling rope =
        RopeScaling.builder()
            .type(RopeScaling.Type.YARN)
            .frequencyBase(5000)
            .frequencyScale(0.5f)
            .yarnExtrapolation(0.1f)
            .yarnAttention(0.2f)
            .yarnBetaFast(30)
            .yarnBetaSlow(2)
            .yarnOriginalContext(77)
            .build();
    EngineConfig config =
        EngineConfig.builder()
            .contextSize(512)
            .slots(2)
            .batchSize(64)
            .microBatchSize(32)
            .threads(3)
            .batchThreads(4)
            .keyType(KvCacheType.Q8_0)
            .valueType(KvCacheType.BF16)
            .flashAttention(FlashAttention.ENABLED)
            .reusePrefixes(false)
            .kvLayout(KvLayout.SPLIT)
            .offloadKeyValues(false)
            .offloadOperations(false)
            .fullSlidingWindow(false)
            .rope(rope)
            .build();
    ModelHandle model = ModelHandle.load(TinyModels.write(folder.resolve("tiny.gguf")), ModelConfig.defaults());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = ContextParams.allocate(model, config, arena);
      assertThat(llama_context_params.n_ctx(struct)).isEqualTo(512);
      assertThat(llama_context_params.n_batch(struct)).isEqualTo(64);
      assertThat(llama_context_params.n_ubatch(struct)).isEqualTo(32);
      assertThat(llama_context_params.n_threads(struct)).isEqualTo(3);
      assertThat(llama_context_params.n_threads_batch(struct)).isEqualTo(4);
      assertThat(llama_context_params.type_k(struct)).isEqualTo(LlamaCpp.GGML_TYPE_Q8_0());
      assertThat(llama_context_params.type_v(struct)).isEqualTo(LlamaCpp.GGML_TYPE_BF16());
      assertThat(llama_context_params.flash_attn_type(struct)).isEqualTo(LlamaCpp.LLAMA_FLASH_ATTN_TYPE_ENABLED());
      assertThat(llama_context_params.kv_unified(struct)).isFalse();
      assertThat(llama_context_params.offload_kqv(struct)).isFalse();
      assertThat(llama_context_params.op_offload(struct)).isFalse();
      assertThat(llama_context_params.swa_full(struct)).isFalse();
      assertThat(llama_context_params.rope_scaling_type(struct)).isEqualTo(LlamaCpp.LLAMA_ROPE_SCALING_TYPE_YARN());
      assertThat(llama_context_params.rope_freq_base(struct)).isEqualTo(5000);
      assertThat(llama_context_params.rope_freq_scale(struct)).isEqualTo(0.5f);
      assertThat(llama_context_params.yarn_ext_factor(struct)).isEqualTo(0.1f);
      assertThat(llama_context_params.yarn_attn_factor(struct)).isEqualTo(0.2f);
      assertThat(llama_context_params.yarn_beta_fast(struct)).isEqualTo(30);
      assertThat(llama_context_params.yarn_beta_slow(struct)).isEqualTo(2);
      assertThat(llama_context_params.yarn_orig_ctx(struct)).isEqualTo(77);
    } finally {
      model.close();
    }
  }

  @Test
  void placementOfThreadsArrives() {
    ThreadPlacement placement =
        ThreadPlacement.builder()
            .processors(Set.of(0, 511))
            .strict(true)
            .priority(ThreadPlacement.Priority.LOW)
            .polling(7)
            .build();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = new ThreadPoolParams(2, placement).allocate(arena);
      MemorySegment mask = ggml_threadpool_params.cpumask(struct);
      for (int i = 0; i < 512; i++) {
        assertThat(mask.get(JAVA_BOOLEAN, i)).as("processor %d", i).isEqualTo(i == 0 || i == 511);
      }
      assertThat(ggml_threadpool_params.n_threads(struct)).isEqualTo(2);
      assertThat(ggml_threadpool_params.strict_cpu(struct)).isTrue();
      assertThat(ggml_threadpool_params.prio(struct)).isEqualTo(LlamaCpp.GGML_SCHED_PRIO_LOW());
      assertThat(ggml_threadpool_params.poll(struct)).isEqualTo(7);
      MemorySegment usual = new ThreadPoolParams(2).allocate(arena);
      assertSameMembers(usual, LlamaCpp.ggml_threadpool_params_default(arena, 2), ggml_threadpool_params.layout());
    }
  }

  @Test
  void namesThatAreNotThereAreRefusedWithThoseThatAre() {
    refused(ModelConfig.builder().devices(List.of("Nonsense0")), "Nonsense0", "GPUs here are");
    refused(ModelConfig.builder().devices(List.of("CPU")), "\"CPU\"", "GPUs here are");
    refused(ModelConfig.builder().tensorPlacements(List.of(new TensorPlacement("ffn", "Nonsense"))), "Nonsense", "CPU");
    refused(ModelConfig.builder().tensorSplit(Collections.nCopies(200, 1f)), "200 shares", "at most");
  }

  /** Compares all but the padding, whose bytes C leaves undefined. */
  private static void assertSameMembers(MemorySegment one, MemorySegment other, GroupLayout layout) {
    long offset = 0;
    for (MemoryLayout member : layout.memberLayouts()) {
      long size = member.byteSize();
      if (!(member instanceof PaddingLayout)) {
        assertThat(one.asSlice(offset, size).mismatch(other.asSlice(offset, size)))
            .as(() -> member.name().orElseThrow())
            .isEqualTo(-1);
      }
      offset += size;
    }
  }

  private static void refused(ModelConfig.Builder config, String... words) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> ModelParams.allocate(FILE, config.build(), arena))
          .isInstanceOfSatisfying(
              ModelLoadException.class,
              thrown -> assertThat(thrown.reason()).isEqualTo(ModelLoadException.Reason.UNKNOWN_DEVICE))
          .hasMessageContainingAll(words);
    }
  }
}
