package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.LazyMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.config.RopeScaling;
import io.panallama.config.TensorPlacement;
import io.panallama.config.ThreadPlacement;
import io.panallama.error.EngineStartException;
import io.panallama.error.ModelLoadException;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.CompletionRequest;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the options of llama.cpp do, seen in what a model computes. */
@Timeout(120)
class LlamaParametersTest {
  private static final String PROMPT = "a prompt that is long enough for its positions to matter";

  @TempDir Path folder;

  private Path tiny(TinySpec spec) {
    return TinyModels.write(folder.resolve("tiny.gguf"), spec);
  }

  private static EngineConfig.Builder config() {
    return TestEngines.config().toBuilder().slots(2).contextSize(1024);
  }

  private static List<TokenLogprobs> answer(Path file, ModelConfig model, EngineConfig config) {
    try (Model loaded = Model.load(file, model);
        Engine engine = Engine.start(loaded, config)) {
      return GreedyOutput.read(engine.generate(CompletionRequest.of(PROMPT).with(GreedyOutput.OPTIONS)));
    }
  }

  private static List<TokenLogprobs> answer(Path file, EngineConfig.Builder config) {
    return answer(file, ModelConfig.defaults(), config.build());
  }

  @Test
  void ropeChangesWhatIsComputed() {
    Path file = tiny(TinySpec.defaults());
    List<TokenLogprobs> usual = answer(file, config());
    assertThat(answer(file, config())).isEqualTo(usual);
    RopeScaling.Builder linear = RopeScaling.builder().type(RopeScaling.Type.LINEAR).frequencyScale(0.25f);
    RopeScaling.Builder yarn =
        RopeScaling.builder().type(RopeScaling.Type.YARN).frequencyScale(0.25f).yarnOriginalContext(64);
    List<RopeScaling.Builder> others =
        List.of(
            RopeScaling.builder().frequencyBase(100),
            linear,
            yarn,
            yarn.build().toBuilder().yarnExtrapolation(0.5f),
            yarn.build().toBuilder().yarnExtrapolation(0).yarnAttention(3),
            yarn.build().toBuilder().yarnBetaFast(2).yarnBetaSlow(0.1f));
    List<List<TokenLogprobs>> seen = new ArrayList<>(List.of(usual));
    for (RopeScaling.Builder rope : others) {
      List<TokenLogprobs> answer = answer(file, config().rope(rope.build()));
      assertThat(seen).as("%s", rope.build()).doesNotContain(answer);
      seen.add(answer);
    }
    RopeScaling none = linear.build().toBuilder().type(RopeScaling.Type.NONE).build();
    assertThat(answer(file, config().rope(none))).isEqualTo(usual);
  }

  @Test
  void aStretchedModelTakesMoreTokensThanItWasTrainedFor() {
    Path file = tiny(TinySpec.defaults().withContextLength(256));
    RopeScaling rope = RopeScaling.builder().type(RopeScaling.Type.LINEAR).frequencyScale(0.5f).build();
    try (Model model = Model.load(file);
        Engine plain = Engine.start(model, config().build());
        Engine stretched = Engine.start(model, config().rope(rope).build())) {
      assertThat(plain.sequenceContextSize()).isEqualTo(256);
      assertThat(stretched.sequenceContextSize()).isEqualTo(512);
    }
  }

  @Test
  void metadataIsReplacedForTheChecksForLlamaCppAndForTheReader() {
    Path file = tiny(TinySpec.defaults());
    Map<String, MetadataValue> metadata =
        Map.of(
            "llama.context_length", MetadataValue.of(300),
            "llama.attention.layer_norm_rms_epsilon", MetadataValue.of(0.5),
            "general.name", MetadataValue.of("another name"));
    ModelConfig config = ModelConfig.builder().metadata(metadata).build();
    try (Model model = Model.load(file, config)) {
      assertThat(model.trainedContextSize()).isEqualTo(300);
      assertThat(model.name()).isEqualTo("another name");
      assertThat(model.metadata()).containsEntry("llama.context_length", "300");
    }
    ModelConfig epsilon =
        ModelConfig.builder().metadata(Map.of("llama.attention.layer_norm_rms_epsilon", MetadataValue.of(0.5))).build();
    assertThat(answer(file, epsilon, config().build())).isNotEqualTo(answer(file, config()));
  }

  @Test
  void metadataThatDoesNotSuitIsRefusedBeforeLlamaCppSeesIt() {
    Path file = tiny(TinySpec.defaults());
    mismatch(file, "llama.context_length", MetadataValue.of(0.5), "u32");
    mismatch(file, "llama.context_length", MetadataValue.of(-1), "can't hold -1");
    mismatch(file, "llama.context_length", MetadataValue.of(1L << 40), "can't hold");
    mismatch(file, "tokenizer.ggml.tokens", MetadataValue.of("one"), "is a list");
    // llama.cpp would divide by it.
    ModelConfig noHeads =
        ModelConfig.builder().metadata(Map.of("llama.attention.head_count", MetadataValue.of(0))).build();
    assertThatThrownBy(() -> Model.load(file, noHeads)).isInstanceOf(ModelLoadException.class);
  }

  private static void mismatch(Path file, String key, MetadataValue value, String words) {
    ModelConfig config = ModelConfig.builder().metadata(Map.of(key, value)).build();
    assertThatThrownBy(() -> Model.load(file, config))
        .isInstanceOfSatisfying(
            ModelLoadException.class,
            thrown -> assertThat(thrown.reason()).isEqualTo(ModelLoadException.Reason.METADATA_MISMATCH))
        .hasMessageContainingAll(key, words);
  }

  @Test
  void tensorsGoWhereTheyAreToldAndABadPatternIsRefused() {
    Path file = tiny(TinySpec.defaults());
    ModelConfig placed =
        ModelConfig.builder()
            .tensorPlacements(List.of(new TensorPlacement("blk\\..*\\.ffn_.*", "CPU")))
            .extraBuffers(false)
            .lazyMode(LazyMode.OFF)
            .build();
    GreedyOutput.compare(0, answer(file, config()), answer(file, placed, config().build()));
    ModelConfig bad = ModelConfig.builder().tensorPlacements(List.of(new TensorPlacement("(", "CPU"))).build();
    assertThatThrownBy(() -> Model.load(file, bad))
        .isInstanceOfSatisfying(
            ModelLoadException.class,
            thrown -> assertThat(thrown.reason()).isEqualTo(ModelLoadException.Reason.REFUSED));
  }

  @Test
  void aWindowedCacheAnswersAsAFullOneAndTakesLess() {
    Path file = tiny(TinySpec.defaults().withArchitecture(TinySpec.Architecture.SLIDING_WINDOW).withSlidingWindow(32));
    List<TokenLogprobs> full = answer(file, config());
    List<TokenLogprobs> windowed = answer(file, config().fullSlidingWindow(false));
    GreedyOutput.compare(0, full, windowed);
  }

  @Test
  void separateCachesGiveEachSlotItsPart() {
    Path file = tiny(TinySpec.defaults().withContextLength(4096));
    EngineConfig.Builder separate = config().kvLayout(KvLayout.SPLIT);
    GreedyOutput.compare(0, answer(file, config()), answer(file, separate));
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, separate.build());
        Engine shared = Engine.start(model, config().kvLayout(KvLayout.UNIFIED).build())) {
      assertThat(engine.sequenceContextSize()).isEqualTo(512);
      assertThat(shared.sequenceContextSize()).isEqualTo(1024);
      List<List<TokenLogprobs>> answers =
          Stream.of(PROMPT, PROMPT)
              .map(prompt -> engine.generate(CompletionRequest.of(prompt).with(GreedyOutput.OPTIONS)))
              .toList()
              .stream()
              .map(GreedyOutput::read)
              .toList();
      GreedyOutput.compare(0, answers.get(0), answers.get(1));
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void threadsRunOnTheProcessorsThatWereNamed() throws IOException {
    assumeThat(Runtime.getRuntime().availableProcessors()).as("one processor leaves no choice").isGreaterThan(1);
    int processor = lastProcessor();
    ThreadPlacement placement = ThreadPlacement.builder().processors(Set.of(processor)).polling(0).build();
    long before = boundTo(processor);
    try (Model model = Model.load(tiny(TinySpec.defaults()));
        Engine engine = Engine.start(model, config().threads(2).batchThreads(2).placement(placement).build())) {
      engine.generate(CompletionRequest.of(PROMPT).with(GreedyOutput.OPTIONS)).await();
      assertThat(boundTo(processor)).isGreaterThan(before);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void processorsThatTheProcessDoesNotHaveAreRefused() throws IOException {
    assumeThat(lastProcessor()).isLessThan(ThreadPlacement.MAX_PROCESSOR);
    ThreadPlacement placement = ThreadPlacement.builder().processors(Set.of(ThreadPlacement.MAX_PROCESSOR)).build();
    try (Model model = Model.load(tiny(TinySpec.defaults()))) {
      assertThatThrownBy(() -> Engine.start(model, config().placement(placement).build()))
          .isInstanceOf(EngineStartException.class)
          .hasMessageStartingWith("placement.processors has 511, but this process may run on ");
    }
  }

  private static int lastProcessor() throws IOException {
    String allowed = allowed(Path.of("/proc/self"));
    return Integer.parseInt(allowed.substring(Math.max(allowed.lastIndexOf(','), allowed.lastIndexOf('-')) + 1));
  }

  /** How many threads of this process may run on one processor only, this one. */
  private static long boundTo(int processor) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.filter(task -> allowed(task).equals(Integer.toString(processor))).count();
    }
  }

  private static String allowed(Path task) {
    try (Stream<String> lines = Files.lines(task.resolve("status"))) {
      return lines.filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst().orElse(": ").split(":")[1].strip();
    } catch (IOException | UncheckedIOException gone) {
      return "";
    }
  }

  @Test
  void numaIsChosenOncePerProcess() {
    assertThatCode(() -> NativeRuntime.initializeNuma(NumaStrategy.DISTRIBUTE)).doesNotThrowAnyException();
    assertThatCode(() -> NativeRuntime.initializeNuma(NumaStrategy.DISTRIBUTE)).doesNotThrowAnyException();
    assertThatThrownBy(() -> NativeRuntime.initializeNuma(NumaStrategy.ISOLATE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("DISTRIBUTE");
    assertThat(answer(tiny(TinySpec.defaults()), config())).isNotEmpty();
  }
}
