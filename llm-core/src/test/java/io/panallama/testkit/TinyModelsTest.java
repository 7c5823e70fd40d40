package io.panallama.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.ModelPreflight;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TinyModelsTest {
  @TempDir Path folder;

  @Test
  void equalSpecsGiveEqualBytesAndSeedsDiffer() throws IOException {
    byte[] first = Files.readAllBytes(TinyModels.write(folder.resolve("a.gguf")));
    assertThat(Files.readAllBytes(TinyModels.write(folder.resolve("b.gguf")))).isEqualTo(first);
    assertThat(Files.readAllBytes(TinyModels.write(folder.resolve("c.gguf"), TinySpec.defaults().withSeed(2))))
        .isNotEqualTo(first);
    assertThat(first.length).isLessThan(1 << 20);
  }

  @Test
  void modelsOfEveryTypeAndSizeAreSound() {
    for (TinySpec.Architecture architecture : TinySpec.Architecture.values()) {
      for (GgufType type : new GgufType[] {GgufType.F32, GgufType.F16, GgufType.BF16, GgufType.Q8_0}) {
        TinySpec spec =
            TinySpec.defaults().withArchitecture(architecture).withType(type).withSize(3, 128, 4).withVocabulary(2000);
        GgufFile file = GgufFile.read(TinyModels.write(folder.resolve(architecture + "." + type + ".gguf"), spec));
        ModelPreflight.check(file);
        assertThat(file.tensor("token_embd.weight").orElseThrow().dimensions()).containsExactly(128L, 2000L);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void brokenModelsAreRefusedForTheirReason(BrokenModels broken) {
    Path path = broken.create(folder);
    ModelLoadException e =
        catchThrowableOfType(
            ModelLoadException.class,
            () -> {
              GgufFile file = GgufFile.read(path);
              ModelPreflight.check(file);
              ModelPreflight.requireWeights(file);
            });
    assertThat(e).isNotNull().hasMessageContaining(path.toString());
    assertThat(e.reason()).isEqualTo(broken.reason());
  }
}
