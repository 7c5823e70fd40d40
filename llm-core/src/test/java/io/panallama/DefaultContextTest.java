package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.internal.llama.ContextMemory;
import io.panallama.internal.llama.EngineDefaults;
import io.panallama.request.CompletionRequest;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The context that an engine chooses if none is requested. */
class DefaultContextTest {
  private static final int TRAINED = 1 << 16;
  private static final int LEAST = 1 << 13;
  private static final EngineConfig TWO_SLOTS = EngineConfig.builder().slots(2).build();

  @TempDir private Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void writeModel() throws Exception {
    file = TinyModels.write(folder.resolve("long.gguf"), TinySpec.defaults().withContextLength(TRAINED));
  }

  /** What an engine would choose on a machine with so much memory to spare. */
  private static int chosen(Model model, long available) {
    EngineConfig resolved = EngineDefaults.resolve(TWO_SLOTS, model.sizeBytes(), TRAINED);
    EngineConfig fitting =
        EngineDefaults.fit(
            model.loaded().handle(),
            model.loaded().metadata(),
            model.loaded().config(),
            TWO_SLOTS,
            resolved,
            TRAINED,
            available);
    return fitting.contextSize();
  }

  private static long needed(Model model, int contextSize) {
    EngineConfig config =
        EngineDefaults.resolve(TWO_SLOTS.toBuilder().contextSize(contextSize).build(), model.sizeBytes(), TRAINED);
    return ContextMemory.plan(model.loaded().handle(), model.path(), model.loaded().config(), config).stream()
        .mapToLong(ContextMemory.Need::needed)
        .sum();
  }

  @Test
  void oneConversationMayBeAsLongAsTheModelWasTrainedFor() {
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TWO_SLOTS)) {
      assertThat(engine.config().contextSize()).isEqualTo(TRAINED);
      assertThat(engine.sequenceContextSize()).isEqualTo(TRAINED);
      int[] prompt = new int[21_000];
      Arrays.fill(prompt, 5);
      assertThat(engine.countTokens(CompletionRequest.of(prompt))).isEqualTo(21_000);
    }
  }

  @Test
  void aContextIsMadeSmallerUntilItLeavesHalfOfTheMemory() {
    try (Model model = Model.load(file)) {
      long whole = needed(model, TRAINED);
      assertThat(chosen(model, 4 * whole)).isEqualTo(TRAINED);

      long available = whole + model.sizeBytes();
      int chosen = chosen(model, available);
      assertThat(chosen).isGreaterThan(LEAST).isLessThan(TRAINED);
      assertThat(chosen % 256).isZero();
      assertThat(needed(model, chosen)).isLessThanOrEqualTo(whole / 2);
      assertThat(needed(model, chosen)).as("no smaller than it has to be").isGreaterThan(whole / 4);
    }
  }

  @Test
  void nothingIsMadeSmallerThanTheLeast() {
    try (Model model = Model.load(file)) {
      assertThat(chosen(model, 1)).isEqualTo(LEAST);
    }
  }
}
