package io.panallama.load.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.load.bench.BenchGrid.PromptAndAnswer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BenchGridTest {
  private static BenchGrid grid(
      List<Integer> prompts,
      List<Integer> answers,
      List<Integer> depths,
      List<Integer> streams,
      List<Integer> threads) {
    return new BenchGrid(
        List.of(Path.of("a.gguf"), Path.of("b.gguf")),
        LoadMode.MMAP,
        List.of(0),
        prompts,
        answers,
        List.of(new PromptAndAnswer(32, 16)),
        depths,
        streams,
        List.of(2048),
        List.of(512),
        threads,
        List.of(KvCacheType.F16),
        List.of(),
        List.of(FlashAttention.AUTO));
  }

  @Test
  void everyCombinationIsATestAndModelsStayTogether() {
    List<BenchCase> cases = grid(List.of(64, 128), List.of(0, 8), List.of(0, 64), List.of(1), List.of(1, 2)).cases();

    assertThat(cases).hasSize(2 * 2 * 2 * 4).doesNotHaveDuplicates();
    assertThat(cases.subList(0, 16)).allMatch(each -> each.sameModel(cases.getFirst()));
    assertThat(cases.subList(16, 32)).noneMatch(each -> each.sameModel(cases.getFirst()));
    assertThat(cases.subList(0, 8).stream().map(each -> each.test().name()))
        .containsExactly(
            "pp64", "pp128", "tg8", "pp32+tg16", "pp64 @ d64", "pp128 @ d64", "tg8 @ d64", "pp32+tg16 @ d64");
  }

  @Test
  void onlyTestsWithSomethingBeforeThemReuseAnything() {
    for (BenchCase each : grid(List.of(64), List.of(8), List.of(0, 64), List.of(1), List.of(1)).cases()) {
      assertThat(each.engine().reusePrefixes()).as(each.test().name()).isEqualTo(each.test().depth() > 0);
      assertThat(each.engine().itlTarget()).isEqualTo(Duration.ZERO);
      assertThat(each.engine().slots()).isEqualTo(1);
    }
  }

  @Test
  void contextHasRoomForAllAndKeepsWhatComesBeforeInHalfOfIt() {
    BenchTest deep = new BenchTest(16, 0, 1000, 1);
    assertThat(Workload.config(EngineConfig.defaults(), deep).contextSize()).isEqualTo(2048);
    BenchTest wide = new BenchTest(512, 128, 0, 8);
    assertThat(Workload.config(EngineConfig.defaults(), wide).contextSize()).isGreaterThan(8 * 641);
  }

  @Test
  void refusesWhatMeasuresNothingOrTheWrongThing() {
    assertThatThrownBy(() -> new BenchTest(0, 0, 64, 1)).hasMessageContaining("measures nothing");
    assertThatThrownBy(() -> new BenchTest(1, 0, 7, 1))
        .hasMessageContaining("The depth is 7; it must be 0, or at least 8");
    assertThatThrownBy(() -> new BenchTest(1, 0, 0, 257)).hasMessageContaining("streams is 257; it must be 1 to 256");
    assertThatThrownBy(() -> new BenchTest(16, 0, 64, 2)).hasMessageContaining("Set the prompt to 0");
    assertThat(new BenchTest(0, 16, 64, 2).keepsPrefix()).isFalse();
    assertThatThrownBy(() -> grid(List.of(), List.of(), List.of(), List.of(), List.of()).cases())
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("nothing to measure");
  }

  @Test
  void hugeListsAreCountedBeforeAnythingIsMade() {
    List<Integer> many = IntStream.rangeClosed(1, 1000).boxed().toList();
    assertThatThrownBy(() -> grid(many, many, many, many, many).cases())
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("more than 10000 tests");
    // Zeros give no tests.
    assertThat(grid(Collections.nCopies(20_000, 0), List.of(), List.of(0), List.of(1), List.of(1)).cases()).hasSize(2);
  }

  @Test
  void aStreamMustFitIntoTheContextOfTheModel() {
    for (BenchTest test :
        List.of(
            new BenchTest(16, 0, 0, 1),
            new BenchTest(0, 16, 0, 1),
            new BenchTest(16, 8, 64, 1),
            new BenchTest(0, 8, 24, 4),
            new BenchTest(16, 8, 0, 4))) {
      BenchCase measured = new BenchCase(Path.of("a.gguf"), ModelConfig.defaults(), EngineConfig.defaults(), test);
      long needed = Workload.longestStream(EngineConfig.defaults(), test);
      measured.requireContext(needed);
      assertThatThrownBy(() -> measured.requireContext(needed - 1))
          .isInstanceOf(BenchException.class)
          .hasMessageStartingWith(test.name())
          .hasMessageContaining("a.gguf was trained for " + (needed - 1));
    }
    assertThat(Workload.longestStream(EngineConfig.defaults(), new BenchTest(16, 8, 64, 1))).isEqualTo(64 + 16 + 9);
    assertThat(Workload.longestStream(EngineConfig.defaults(), new BenchTest(0, 8, 0, 1))).isEqualTo(1 + 9);
  }

  @Test
  void quantisedValuesNeedFlashAttention() {
    BenchGrid grid =
        new BenchGrid(
            List.of(Path.of("a.gguf")),
            LoadMode.MMAP,
            List.of(0),
            List.of(16),
            List.of(),
            List.of(),
            List.of(0),
            List.of(1),
            List.of(512),
            List.of(512),
            List.of(1),
            List.of(KvCacheType.F16),
            List.of(KvCacheType.F16, KvCacheType.Q8_0),
            List.of(FlashAttention.ENABLED, FlashAttention.DISABLED));

    assertThatThrownBy(grid::cases)
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("Q8_0 need flash attention");
  }
}
