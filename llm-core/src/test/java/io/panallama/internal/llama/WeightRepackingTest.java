package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.ModelConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WeightRepackingTest {
  private static final String WITH_AMX = "CPU : AVX512_BF16 = 1 | AMX_INT8 = 1 | REPACK = 1 |";
  private static final String WITHOUT = "CPU : AVX512_BF16 = 1 | REPACK = 1 |";

  @ParameterizedTest
  @CsvSource({"mamba,false", "qwen35,false", "gemma3n,false", "deepseek2,false", "llama,true", "mamba2,true"})
  void weightsThatAmxMultipliesInBatchesStayAsTheyAre(String architecture, boolean repacked) {
    ModelConfig config = ModelConfig.defaults();
    assertThat(WeightRepacking.limit(architecture, config, WITH_AMX).extraBuffers()).isEqualTo(repacked);
    assertThat(WeightRepacking.limit(architecture, config, WITHOUT)).isSameAs(config);
  }

  @Test
  void nothingElseOfTheConfigurationChanges() {
    ModelConfig config = ModelConfig.builder().gpuLayers(3).checkTensors(true).build();
    assertThat(WeightRepacking.limit("mamba", config, WITH_AMX))
        .isEqualTo(config.toBuilder().extraBuffers(false).build());
  }
}
