package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.ggml_backend_dev_props;
import io.panallama.bindings.generated.ggml_cpu_is_numa_t;
import io.panallama.bindings.generated.ggml_log_callback;
import io.panallama.bindings.generated.ggml_threadpool_free_t;
import io.panallama.bindings.generated.ggml_threadpool_new_t;
import io.panallama.bindings.generated.ggml_threadpool_params;
import io.panallama.bindings.generated.gguf_init_params;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.llama_model_params;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The packaged libraries in this very process: the only test class that loads them. */
class NativeLibrariesTest {
  private static final Queue<String> LOG = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void load() {
    NativeLibraries.load(
        BackendChoice.CPU,
        () -> {
          MemorySegment callback =
              ggml_log_callback.allocate((_, text, _) -> LOG.add(text.getString(0)), Arena.global());
          assertThat(LlamaCpp.panallama_log_add(callback, MemorySegment.NULL)).isEqualTo(LlamaCpp.PANALLAMA_OK());
          assertThatIllegalStateException().isThrownBy(NativeLibraries::load);
        });
  }

  @Test
  void laterCallsReturnTheSameWhateverTheyAskFor() {
    NativeLibraries libraries = NativeLibraries.load();

    assertThat(NativeLibraries.load(BackendChoice.CUDA, () -> LOG.add("second hook"))).isSameAs(libraries);
    assertThat(NativeLibraries.loaded()).containsSame(libraries);
    assertThat(LOG).doesNotContain("second hook");
  }

  @Test
  void saysWhatItLoaded() {
    NativeLibraries libraries = NativeLibraries.load();

    assertThat(libraries.origin()).isEqualTo(NativeLibraries.Origin.PACKAGED);
    assertThat(libraries.platform()).isEqualTo(Platform.current().id());
    assertThat(libraries.backend()).isEqualTo(Backend.CPU);
    assertThat(libraries.cudaObstacle()).contains("the CPU was asked for");
    assertThat(libraries.llamaVersion()).isIn("0.5.0", "0.5.0-dev");
    assertThat(libraries.directory()).isDirectory();
  }

  @Test
  void theHookRanBeforeTheBackendsWereLoaded() {
    assertThat(LOG).anyMatch(line -> line.contains("loaded CPU backend"));
  }

  @Test
  void everyBoundFunctionIsThere() {
    NativeLinkage linkage = new NativeLinkage();

    assertThat(AbiCheck.boundFunctions()).allMatch(linkage::resolves);
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the options are those of gcc and clang")
  void everyBindingIsWhatTheHeadersSay(@TempDir Path folder) throws Exception {
    IncludeList includes = IncludeList.read();

    assertThat(HeaderCheck.ofGeneratedCode().errors(folder)).isEmpty();
    assertThat(HeaderCheck.generatedFunctions()).isEqualTo(includes.functions());
    assertThat(HeaderCheck.generatedConstants()).isEqualTo(includes.constants());
  }

  @Test
  void everyLayoutIsTheCompilers() {
    List<StructLayouts.Row> table = new NativeLinkage().layouts();

    assertThat(StructLayouts.difference(table, StructLayouts.generated())).isEmpty();
    assertThat(table.stream().map(StructLayouts.Row::struct).collect(Collectors.toSet()))
        .isEqualTo(StructLayouts.generated().keySet());
  }

  @Test
  void structsReturnedByValueArriveWhole() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment model = LlamaCpp.llama_model_default_params(arena);
      assertThat(llama_model_params.load_mode(model)).isEqualTo(LlamaCpp.LLAMA_LOAD_MODE_AUTO());
      assertThat(llama_model_params.vocab_only(model)).isFalse();

      MemorySegment context = LlamaCpp.llama_context_default_params(arena);
      assertThat(llama_context_params.n_batch(context)).isEqualTo(2048);
      assertThat(llama_context_params.type_k(context)).isEqualTo(LlamaCpp.GGML_TYPE_F16());
      assertThat(llama_context_params.n_samplers(context)).isZero();
    }
  }

  @Test
  void thereIsACpu() {
    MemorySegment cpu = LlamaCpp.ggml_backend_dev_by_type(LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU());

    assertThat(cpu).isNotEqualTo(MemorySegment.NULL);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment properties = ggml_backend_dev_props.allocate(arena);
      LlamaCpp.ggml_backend_dev_get_props(cpu, properties);
      assertThat(ggml_backend_dev_props.name(properties).getString(0)).isEqualTo("CPU");
      assertThat(ggml_backend_dev_props.memory_total(properties)).isPositive();
    }
  }

  @Test
  void functionsOfTheCpuLibraryAreReachedByName() {
    MemorySegment cpu = LlamaCpp.ggml_backend_dev_by_type(LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU());
    MemorySegment registry = LlamaCpp.ggml_backend_dev_backend_reg(cpu);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = LlamaCpp.ggml_threadpool_params_default(arena, 2);
      assertThat(ggml_threadpool_params.n_threads(parameters)).isEqualTo(2);

      MemorySegment pool = ggml_threadpool_new_t.invoke(address(registry, "ggml_threadpool_new", arena), parameters);
      assertThat(pool).isNotEqualTo(MemorySegment.NULL);
      ggml_threadpool_free_t.invoke(address(registry, "ggml_threadpool_free", arena), pool);

      // Only that the call works: machines differ in the answer.
      ggml_cpu_is_numa_t.invoke(address(registry, "ggml_backend_cpu_is_numa", arena));
    }
  }

  @Test
  void writesAndReadsGguf(@TempDir Path folder) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment file = arena.allocateFrom(folder.resolve("α.gguf").toString());
      MemorySegment key = arena.allocateFrom("general.name");
      MemorySegment written = LlamaCpp.gguf_init_empty();
      LlamaCpp.gguf_set_val_str(written, key, arena.allocateFrom("Großes Modell"));
      assertThat(LlamaCpp.gguf_write_to_file(written, file, true)).isTrue();
      LlamaCpp.gguf_free(written);

      MemorySegment parameters = gguf_init_params.allocate(arena).fill((byte) 0);
      gguf_init_params.no_alloc(parameters, true);
      MemorySegment read = LlamaCpp.gguf_init_from_file(file, parameters);
      assertThat(read).isNotEqualTo(MemorySegment.NULL);
      MemorySegment value = LlamaCpp.gguf_get_val_str(read, LlamaCpp.gguf_find_key(read, key));
      assertThat(value.getString(0)).isEqualTo("Großes Modell");
      LlamaCpp.gguf_free(read);
    }
  }

  private static MemorySegment address(MemorySegment registry, String function, Arena arena) {
    MemorySegment address = LlamaCpp.ggml_backend_reg_get_proc_address(registry, arena.allocateFrom(function));
    assertThat(address).as(function).isNotEqualTo(MemorySegment.NULL);
    return address;
  }
}
