package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Model;
import io.panallama.TestFiles;
import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class EngineDefaultsTest {
  @Test
  void everythingAutomaticIsReplaced() {
    try (Model model = Model.load(TestFiles.demoModel())) {
      EngineConfig chosen =
          EngineDefaults.resolve(EngineConfig.defaults(), model.sizeBytes(), model.trainedContextSize());
      assertThat(chosen.contextSize()).isEqualTo(8 * 1024);
      assertThat(chosen.batchSize()).isEqualTo(512);
      assertThat(chosen.microBatchSize()).isEqualTo(512);
      assertThat(chosen.threads()).as("threads for a model of 2 MB").isEqualTo(1);
    }
  }

  @Test
  void threadsAreNoMoreThanTheProcessors() {
    try (Model model = Model.load(TestFiles.demoModel())) {
      EngineConfig wanted =
          EngineConfig.builder().threads(EngineConfig.MAX_THREADS).batchThreads(EngineConfig.MAX_THREADS).build();
      EngineConfig chosen = EngineDefaults.resolve(wanted, model.sizeBytes(), model.trainedContextSize());
      assertThat(chosen.threads()).isEqualTo(Processors.count());
      assertThat(chosen.batchThreads()).isEqualTo(Processors.count());
    }
  }

  @Test
  void aConversationMayBeAsLongAsTheModelWasTrainedFor() {
    assertThat(EngineDefaults.wantedContext(8, 131_072, true)).isEqualTo(131_072);
    assertThat(EngineDefaults.wantedContext(8, 131_072, false)).as("each slot has its own").isEqualTo(8 * 131_072);
    assertThat(EngineDefaults.wantedContext(1, 4_096, true)).isEqualTo(4_096);
    assertThat(EngineDefaults.wantedContext(8, 4_096, true)).as("2048 a slot").isEqualTo(16_384);
    assertThat(EngineDefaults.wantedContext(512, Integer.MAX_VALUE, false)).isPositive();
  }

  @Test
  void theLeastContextIsTwoThousandTokensASlotAndNoMoreThanTheModelKnows() {
    assertThat(EngineDefaults.leastContext(8, 131_072)).isEqualTo(16_384);
    assertThat(EngineDefaults.leastContext(1, 131_072)).isEqualTo(8_192);
    assertThat(EngineDefaults.leastContext(4, 512)).isEqualTo(2_048);
    assertThat(EngineDefaults.leastContext(4, 0)).isEqualTo(8_192);
  }

  @Test
  void aContextThatNobodyAskedForLeavesRoomForTheWeights() {
    assertThat(EngineDefaults.hostBudget(20_000, 0)).isEqualTo(10_000);
    assertThat(EngineDefaults.hostBudget(20_000, 8_000)).isEqualTo(6_000);
    assertThat(EngineDefaults.hostBudget(16_000, 32_000)).isEqualTo(1_000);
    assertThat(EngineDefaults.deviceBudget(8_000)).isEqualTo(7_000);
  }

  @Test
  void noMoreThanAnEighthOfTheMemoryIsSpilledTo() {
    SpillConfig wanted = SpillConfig.builder().memoryBytes(1000).disk(Path.of("somewhere"), 50).build();
    assertThat(EngineDefaults.spill(wanted, 8000)).isEqualTo(wanted);
    assertThat(EngineDefaults.spill(wanted, 7992))
        .isEqualTo(SpillConfig.builder().memoryBytes(999).disk(Path.of("somewhere"), 50).build());
  }
}
