package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.error.EngineStartException;
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
  private static final EngineConfig TWO_SLOTS = EngineConfig.builder().slots(2).kvLayout(KvLayout.UNIFIED).build();

  @TempDir private Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void writeModel() throws Exception {
    file = TinyModels.write(folder.resolve("long.gguf"), TinySpec.defaults().withContextLength(TRAINED));
  }

  /** What an engine would choose on a machine with so much memory to spare. */
  private static int chosen(Model model, long available) {
    return fitting(model, TWO_SLOTS, TRAINED, available).contextSize();
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

  /** To plan a context, llama.cpp makes tables of its cells, with which this one would take 50 GB. */
  @Test
  void aLengthThatIsNoModelsTakesLittleOfTheMemory() throws Exception {
    int absurd = 1 << 30;
    Path endless = TinyModels.write(folder.resolve("endless.gguf"), TinySpec.defaults().withContextLength(absurd));
    try (Model model = Model.load(endless)) {
      long available = 2L << 30;
      EngineConfig fitting = fitting(model, TWO_SLOTS, absurd, available);
      assertThat(fitting.contextSize() * 52L).as("bytes of tables").isBetween(available / 128, available / 32);
    }
  }

  private static EngineConfig fitting(Model model, EngineConfig config, long available) {
    return fitting(model, config, TRAINED, available);
  }

  private static EngineConfig fitting(Model model, EngineConfig config, int trained, long available) {
    return EngineDefaults.fit(
            model.loaded().handle(),
            model.loaded().metadata(),
            model.loaded().config(),
            config,
            EngineDefaults.resolve(config, model.sizeBytes(), trained),
            trained,
            available)
        .config();
  }

  @Test
  void aSplitCacheIsChosenWhereEachSlotCanHaveAWholeConversation() {
    EngineConfig auto = TWO_SLOTS.toBuilder().kvLayout(KvLayout.AUTO).build();
    try (Model model = Model.load(file)) {
      EngineConfig plenty = fitting(model, auto, 8L << 30);
      assertThat(plenty.kvLayout()).isEqualTo(KvLayout.SPLIT);
      assertThat(plenty.contextSize()).isEqualTo(2 * TRAINED);
      long both = needed(model, 2 * TRAINED);
      EngineConfig little = fitting(model, auto, 4 * both);
      assertThat(little.kvLayout()).isEqualTo(KvLayout.UNIFIED);
      assertThat(little.contextSize()).isEqualTo(TRAINED);
      EngineConfig wanted = fitting(model, auto.toBuilder().contextSize(1000).build(), 8L << 30);
      assertThat(wanted.kvLayout()).isEqualTo(KvLayout.SPLIT);
      assertThat(wanted.contextSize()).as("1,024 for each").isEqualTo(2048);
      assertThat(fitting(model, auto.toBuilder().slots(1).build(), 8L << 30).kvLayout()).isEqualTo(KvLayout.UNIFIED);
      try (Engine engine = Engine.start(model, wanted)) {
        assertThat(engine.sequenceContextSize()).isEqualTo(1024);
      }
    }
  }

  @Test
  void aRequestedContextIsTakenAsItIsOrRefusedWhateverTheLayout() throws Exception {
    Path shortOne = TinyModels.write(folder.resolve("short.gguf"), TinySpec.defaults().withContextLength(1024));
    try (Model model = Model.load(shortOne)) {
      for (KvLayout layout : KvLayout.values()) {
        for (int slots : new int[] {1, 8}) {
          EngineConfig config = TestEngines.config().toBuilder().slots(slots).kvLayout(layout).build();
          EngineConfig tooLarge = config.toBuilder().contextSize(2_000_000_000).build();
          assertThatThrownBy(() -> Engine.start(model, tooLarge))
              .as("%s, %d slots", layout, slots)
              .isInstanceOf(EngineStartException.class)
              .hasMessageContaining("A context of 2000000000 tokens needs");
          try (Engine engine = Engine.start(model, config.toBuilder().contextSize(20_480).build())) {
            assertThat(engine.config().contextSize()).as("%s, %d slots", layout, slots).isEqualTo(20_480);
          }
        }
      }
    }
  }

  @Test
  void aSplitCacheHasTheCellsThatLlamaCppMakes() {
    EngineConfig split = TestEngines.config().toBuilder().slots(8).kvLayout(KvLayout.SPLIT).contextSize(100).build();
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, split)) {
      assertThat(engine.config().contextSize()).isEqualTo(8 * 256);
      assertThat(engine.sequenceContextSize()).isEqualTo(256);
    }
  }

  @Test
  void aModelWithASlidingWindowKeepsAUnifiedCache() {
    TinySpec windowed = TinySpec.defaults().withArchitecture(TinySpec.Architecture.SLIDING_WINDOW);
    Path other = TinyModels.write(folder.resolve("windowed.gguf"), windowed);
    EngineConfig auto = TWO_SLOTS.toBuilder().kvLayout(KvLayout.AUTO).build();
    try (Model model = Model.load(other)) {
      assertThat(fitting(model, auto, 8L << 30).kvLayout()).isEqualTo(KvLayout.UNIFIED);
    }
  }
}
