package io.panallama.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.ModelPreflight;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
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

  /** Other tests rely on what this model says; it was this file before the kit could make larger ones. */
  @Test
  void theDefaultModelStaysWhatItIs() throws Exception {
    byte[] file = Files.readAllBytes(TinyModels.write(folder.resolve("tiny.gguf")));
    assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(file)))
        .isEqualTo("ed057e5999df2649b054ecc052f7a1c9ad2f8ae8701ed5819db2ed3c5ad2d9fe");
  }

  @Test
  void groupedQueriesAndAnotherFeedForwardWidthGenerate() {
    TinySpec spec = TinySpec.defaults().withSize(2, 128, 4).withKeyValueHeads(2).withFeedForward(96);
    Path path = TinyModels.write(folder.resolve("grouped.gguf"), spec);
    assertThat(GgufFile.read(path).tensor("blk.1.attn_k.weight").orElseThrow().dimensions()).containsExactly(128L, 64L);
    try (Model model = Model.load(path);
        Engine engine = Engine.start(model, TestEngines.config())) {
      GenerationOptions options = GenerationOptions.builder().maxTokens(8).build();
      assertThat(engine.generate(CompletionRequest.of("a").with(options)).await().usage().completionTokens())
          .isEqualTo(8);
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
