package io.panallama.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportanceMatrixTest {
  @TempDir Path folder;

  @Test
  void refusesNumbersThatLlamaCppWouldFailOn() {
    for (float bad : new float[] {-1, Float.NaN, 1e20f}) {
      assertThatThrownBy(() -> ImportanceMatrix.of(Map.of("x", new float[] {bad})))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("x");
    }
  }

  @Test
  void readsAnImportanceMatrixAndRefusesOtherFiles() throws IOException {
    Path file = folder.resolve("imatrix.gguf");
    new GgufWriter()
        .put("general.type", "imatrix")
        .tensor("blk.0.a.weight.in_sum2", GgufType.F32, List.of(2L, 3L), FloatSource.of(2, 4, 1, 1, 9, 3))
        .tensor("blk.0.a.weight.counts", GgufType.F32, List.of(1L, 3L), FloatSource.of(2, 0, 3))
        .write(file);
    ImportanceMatrix matrix = ImportanceMatrix.read(file);
    assertThat(matrix.tensors()).containsExactly("blk.0.a.weight");
    assertThat(matrix.weights("blk.0.a.weight")).containsExactly(1, 2, 1, 1, 3, 1);
    assertThat(matrix.weights("other")).isEmpty();

    Path negative = folder.resolve("negative.gguf");
    new GgufWriter()
        .tensor("a.in_sum2", GgufType.F32, List.of(1L), FloatSource.of(-2))
        .tensor("a.counts", GgufType.F32, List.of(1L), FloatSource.of(2))
        .write(negative);
    Path text = Files.writeString(folder.resolve("text.dat"), "not an importance matrix");
    for (Path bad :
        List.of(negative, text, TinyModels.write(folder.resolve("model.gguf")), folder.resolve("missing"))) {
      assertThatThrownBy(() -> ImportanceMatrix.read(bad))
          .isInstanceOfSatisfying(
              QuantizationException.class,
              refused -> assertThat(refused.reason()).isEqualTo(Reason.IMPORTANCE_MATRIX_INVALID))
          .hasMessageStartingWith(bad.toString());
    }
  }
}
