package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.CompletionRequest;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinySpec.Architecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Greedy output with prefixes that left the KV cache and came back against greedy output from scratch, on llama.cpp. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(120)
class SpilledPrefixTest {
  @Parameter private KvLayout layout;

  private static final long PLENTY = 1L << 30;

  @TempDir private Path folder;

  private TinySpec spec(Architecture architecture) {
    return TinySpec.defaults().withArchitecture(architecture).withEnd(TinySpec.End.NEVER).withSlidingWindow(32);
  }

  private Path write(TinySpec spec) {
    return TinyModels.write(folder.resolve(spec.architecture() + "-" + spec.seed() + ".gguf"), spec);
  }

  /** Room for two or three prompts, so that what they leave must go soon. */
  private EngineConfig.Builder config(SpillConfig spill) {
    return TestEngines.config().toBuilder()
        .kvLayout(layout)
        .slots(2)
        .contextSize(layout == KvLayout.SPLIT ? 1024 : 512)
        .queueLimit(100)
        .spill(spill);
  }

  private SpillConfig disk(long memoryBytes) {
    return SpillConfig.toMemory(memoryBytes).toBuilder().disk(folder.resolve("spilled"), PLENTY).build();
  }

  private static int[] text(Random random, int length) {
    return random.ints(length, 'a', 'z').toArray();
  }

  private static int[] join(int[] one, int[] two) {
    int[] joined = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, joined, one.length, two.length);
    return joined;
  }

  /** Prompts of three families in turns, so that each finds its own only after it had to leave. */
  private static List<int[]> prompts() {
    Random random = new Random(9);
    List<int[]> families = List.of(text(random, 150), text(random, 200), text(random, 170));
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      int[] family = families.get(i % 3);
      int common = i % 2 == 0 ? 120 : 1 + random.nextInt(family.length);
      prompts.add(join(Arrays.copyOf(family, common), text(random, 1 + random.nextInt(10))));
    }
    return prompts;
  }

  private static List<TokenLogprobs> run(Engine engine, int[] prompt) {
    return GreedyOutput.read(engine.generate(CompletionRequest.of(prompt).with(GreedyOutput.OPTIONS)));
  }

  private static void assertSameAsFromScratch(Model model, EngineConfig config) {
    try (Engine plain = Engine.start(model, config.toBuilder().reusePrefixes(false).slots(1).build());
        Engine spilling = Engine.start(model, config)) {
      int compared = 0;
      List<int[]> prompts = prompts();
      for (int i = 0; i < prompts.size(); i++) {
        compared += GreedyOutput.compare(i, run(plain, prompts.get(i)), run(spilling, prompts.get(i)));
      }
      assertThat(compared).as("tokens compared").isGreaterThan(200);
      assertThat(spilling.stats().restores()).as("prefixes that came back").isGreaterThan(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatComesBackFromMemoryIsWhatLeft(Architecture architecture) {
    try (Model model = Model.load(write(spec(architecture)))) {
      assertSameAsFromScratch(model, config(SpillConfig.toMemory(PLENTY)).build());
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatComesBackFromDiskIsWhatLeft(Architecture architecture) {
    try (Model model = Model.load(write(spec(architecture)))) {
      assertSameAsFromScratch(model, config(disk(0)).build());
    }
  }

  @Test
  void soIsATransposedCache() {
    try (Model model = Model.load(write(spec(Architecture.TRANSFORMER)))) {
      assertSameAsFromScratch(
          model, config(SpillConfig.toMemory(PLENTY)).flashAttention(FlashAttention.DISABLED).build());
    }
  }

  @Test
  void soIsAQuantizedCache() {
    try (Model model = Model.load(write(spec(Architecture.TRANSFORMER)))) {
      assertSameAsFromScratch(
          model,
          config(disk(0))
              .flashAttention(FlashAttention.ENABLED)
              .keyType(KvCacheType.Q8_0)
              .valueType(KvCacheType.Q8_0)
              .build());
    }
  }

  @ParameterizedTest
  @EnumSource
  void theSecondTurnOfAConversationComputesOnlyWhatIsNew(Architecture architecture) {
    try (Model model = Model.load(write(spec(architecture)));
        Engine engine = Engine.start(model, config(SpillConfig.toMemory(PLENTY)).build());
        Engine plain = Engine.start(model, config(SpillConfig.none()).reusePrefixes(false).build())) {
      int[] first = text(new Random(1), 60);
      List<TokenLogprobs> answer = run(engine, first);
      int[] said = answer.stream().mapToInt(token -> token.chosen().token()).toArray();
      int[] second = join(join(first, said), text(new Random(2), 20));
      Completion completion = engine.generate(CompletionRequest.of(second).with(GreedyOutput.OPTIONS)).await();
      assertThat(completion.usage().cachedTokens()).isEqualTo(first.length + said.length - 1);
      GreedyOutput.compare(2, run(plain, second), run(engine, second));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRestartFindsWhatWasLeft(Architecture architecture) throws IOException {
    int[] prompt = text(new Random(1), 300);
    int[] next = join(prompt, text(new Random(2), 10));
    try (Model model = Model.load(write(spec(architecture)))) {
      List<TokenLogprobs> alone;
      try (Engine first = Engine.start(model, config(disk(PLENTY)).build())) {
        run(first, prompt);
      }
      try (Engine plain = Engine.start(model, config(SpillConfig.none()).reusePrefixes(false).build())) {
        alone = run(plain, next);
      }
      assertThat(files()).isNotEmpty();
      try (Engine second = started(model)) {
        GreedyOutput.compare(0, alone, run(second, next));
        assertThat(second.stats().cachedPromptTokens()).isGreaterThanOrEqualTo(256);
        assertThat(second.stats().restores()).isEqualTo(1);
      }
    }
  }

  /** An engine that has seen what is on disk. */
  private Engine started(Model model) {
    Engine engine = Engine.start(model, config(disk(PLENTY)).build());
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (engine.stats().diskBytes() == 0) {
      assertThat(System.nanoTime() - deadline).as("nanoseconds too late").isNegative();
      Thread.yield();
    }
    return engine;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("spilled"))) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void aDamagedFileNeverReachesTheModel() throws IOException {
    int[] prompt = text(new Random(1), 200);
    try (Model model = Model.load(write(spec(Architecture.TRANSFORMER)))) {
      List<TokenLogprobs> alone;
      try (Engine first = Engine.start(model, config(disk(PLENTY)).build())) {
        alone = run(first, prompt);
      }
      assertThat(files()).hasSize(1);
      Path file = files().getFirst();
      byte[] good = Files.readAllBytes(file);
      Random random = new Random(3);
      for (int i = 0; i < 10; i++) {
        // Behind the header, which is looked at before anybody asks for the file.
        int at = 1000 + random.nextInt(good.length - 1000);
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 + random.nextInt(255));
        Files.write(file, bad);
        try (Engine engine = started(model)) {
          GreedyOutput.compare(i, alone, run(engine, prompt));
          assertThat(engine.stats().restores()).as("byte %d", at).isZero();
        }
      }
    }
  }

  @Test
  void modelsWithEqualHeadersAndOtherWeightsHaveTheirOwnFiles() throws IOException {
    int[] prompt = text(new Random(1), 200);
    TinySpec one = spec(Architecture.TRANSFORMER).withSeed(1);
    TinySpec other = spec(Architecture.TRANSFORMER).withSeed(2);
    for (TinySpec each : List.of(one, other)) {
      try (Model model = Model.load(write(each));
          Engine engine = Engine.start(model, config(disk(PLENTY)).build())) {
        run(engine, prompt);
        assertThat(engine.stats().cachedPromptTokens()).isZero();
      }
    }
    assertThat(files().stream().map(Path::getParent).distinct()).hasSize(2);
    try (Model model = Model.load(write(one));
        Engine engine = Engine.start(model, config(disk(PLENTY)).keyType(KvCacheType.F32).build())) {
      run(engine, prompt);
      assertThat(engine.stats().cachedPromptTokens()).as("with another type of cache").isZero();
    }
    assertThat(files().stream().map(Path::getParent).distinct()).hasSize(3);
  }

  @Test
  void theConfigurationShowsWhatWasChosen() {
    try (Model model = Model.load(write(spec(Architecture.TRANSFORMER)))) {
      try (Engine engine = Engine.start(model, config(SpillConfig.toMemory(Long.MAX_VALUE)).build())) {
        assertThat(engine.config().spill().memoryBytes()).isBetween(1L, Long.MAX_VALUE / 8);
      }
      try (Engine engine = Engine.start(model, config(SpillConfig.toMemory(PLENTY)).reusePrefixes(false).build())) {
        assertThat(engine.config().spill()).isEqualTo(SpillConfig.none());
      }
    }
  }
}
