package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinySpec.Architecture;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the kinds of memory answer when a step is to be taken back. */
@Timeout(60)
class NativeDecoderRewindTest {
  @TempDir private Path folder;

  /**
   * A sequence of 64 tokens lies behind cells that another one has left. Its next 400 tokens, in micro-batches of 32, fill
   * those and then the cells that have left its own window. Then the 400 are taken back: can the 64 be trusted?
   */
  private boolean canGoBack(Architecture architecture) {
    Path file =
        TinyModels.write(folder.resolve(architecture + ".gguf"), TinySpec.defaults().withArchitecture(architecture));
    EngineConfig config =
        TestEngines.config().toBuilder().contextSize(512).slots(2).batchSize(512).microBatchSize(32).build();
    try (Model model = Model.load(file);
        NativeDecoder decoder = NativeDecoder.create(model.handle(), config)) {
      compute(decoder, 1, 0, 64);
      compute(decoder, 0, 0, 64);
      decoder.memory().remove(1);
      compute(decoder, 0, 64, 400);
      return decoder.memory().removeFrom(0, 64);
    }
  }

  private static void compute(NativeDecoder decoder, int sequence, int first, int count) {
    decoder.batch().clear();
    for (int i = 0; i < count; i++) {
      decoder.batch().addToken(40 + i % 50, first + i, sequence, false);
    }
    assertThat(decoder.decode()).isEqualTo(Status.OK);
  }

  @Test
  void fullAttentionGoesBackAnywhere() {
    assertThat(canGoBack(Architecture.TRANSFORMER)).isTrue();
  }

  @Test
  void aSlidingWindowDoesNotGoBackWhereItsCellsAreTaken() {
    assertThat(canGoBack(Architecture.SLIDING_WINDOW)).isFalse();
  }

  @Test
  void aRecurrentStateDoesNotGoBack() {
    assertThat(canGoBack(Architecture.RECURRENT)).isFalse();
  }
}
