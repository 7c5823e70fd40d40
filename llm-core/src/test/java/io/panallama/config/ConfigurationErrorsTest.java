package io.panallama.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Every option that can be out of range says so: its name, the value, and what is allowed. */
class ConfigurationErrorsTest {
  private static ThrowingCallable engine(UnaryOperator<EngineConfig.Builder> set) {
    return () -> set.apply(EngineConfig.builder()).build();
  }

  private static ThrowingCallable model(UnaryOperator<ModelConfig.Builder> set) {
    return () -> set.apply(ModelConfig.builder()).build();
  }

  private static ThrowingCallable rope(UnaryOperator<RopeScaling.Builder> set) {
    return () -> set.apply(RopeScaling.builder()).build();
  }

  private static ThrowingCallable placement(UnaryOperator<ThreadPlacement.Builder> set) {
    return () -> set.apply(ThreadPlacement.builder()).build();
  }

  /** Option and value as they stand in the message, to what must be refused. */
  private static Map<String, ThrowingCallable> cases() {
    Map<String, ThrowingCallable> all = new LinkedHashMap<>();
    all.put("contextSize is -1", engine(b -> b.contextSize(-1)));
    all.put("contextSize is 7 with 8 slots", engine(b -> b.contextSize(7)));
    all.put("slots is 0", engine(b -> b.slots(0)));
    all.put("slots is 257", engine(b -> b.slots(257)));
    all.put("queueLimit is -1", engine(b -> b.queueLimit(-1)));
    all.put("queueTokenLimit is -1", engine(b -> b.queueTokenLimit(-1)));
    all.put("batchSize is -1", engine(b -> b.batchSize(-1)));
    all.put("batchSize is 7 with 8 slots", engine(b -> b.batchSize(7)));
    all.put("microBatchSize is 65", engine(b -> b.batchSize(64).microBatchSize(65)));
    all.put("threads is 513", engine(b -> b.threads(513)));
    all.put("batchThreads is -1", engine(b -> b.batchThreads(-1)));
    all.put("mailboxCapacity is 0", engine(b -> b.mailboxCapacity(0)));
    all.put("itlTarget is PT-0.001S", engine(b -> b.itlTarget(Duration.ofMillis(-1))));
    all.put("ttftTarget is PT1H0.001S", engine(b -> b.ttftTarget(Duration.ofMillis(3_600_001))));
    all.put("memoryBytes is -1", () -> SpillConfig.toMemory(-1));
    all.put("diskBytes is -1", () -> SpillConfig.builder().disk(Path.of("a"), -1).build());
    all.put("gpuLayers is -2", model(b -> b.gpuLayers(-2)));
    all.put("mainGpu is -1", model(b -> b.mainGpu(-1)));
    all.put("chatTemplate has a NUL character at index 2", model(b -> b.chatTemplate("{{\0}}")));
    all.put("fallbackChatTemplate has a NUL character at index 0", model(b -> b.fallbackChatTemplate("\0")));
    all.put("devices is [a, a]", model(b -> b.devices(List.of("a", "a"))));
    all.put("devices is [ ]", model(b -> b.devices(List.of(" "))));
    all.put("tensorSplit is -1.0", model(b -> b.tensorSplit(List.of(-1f))));
    all.put("tensorSplit is NaN", model(b -> b.tensorSplit(List.of(Float.NaN))));
    all.put("tensorSplit is [0.0, 0.0]", model(b -> b.tensorSplit(List.of(0f, 0f))));
    all.put("the key of metadata is \"\"", model(b -> b.metadata(Map.of("", MetadataValue.of(1)))));
    all.put("the key of metadata is \"kkk", model(b -> b.metadata(Map.of("k".repeat(128), MetadataValue.of(1)))));
    all.put("metadata is \"ttt", () -> MetadataValue.of("t".repeat(128)));
    all.put("metadata is NaN", () -> MetadataValue.of(Double.NaN));
    all.put("tensorPlacements.pattern is \"\"", () -> new TensorPlacement("", "CPU"));
    all.put("tensorPlacements.bufferType is \"\"", () -> new TensorPlacement("a", ""));
    all.put("rope.frequencyBase is -1.0", rope(b -> b.frequencyBase(-1)));
    all.put("rope.frequencyScale is Infinity", rope(b -> b.frequencyScale(Float.POSITIVE_INFINITY)));
    all.put("rope.yarnExtrapolation is -2.0", rope(b -> b.yarnExtrapolation(-2)));
    all.put("rope.yarnAttention is NaN", rope(b -> b.yarnAttention(Float.NaN)));
    all.put("rope.yarnBetaFast is -0.5", rope(b -> b.yarnBetaFast(-0.5f)));
    all.put("rope.yarnBetaSlow is -3.0", rope(b -> b.yarnBetaSlow(-3)));
    all.put("rope.yarnOriginalContext is -1", rope(b -> b.yarnOriginalContext(-1)));
    all.put("placement.processors is 512", placement(b -> b.processors(Set.of(512))));
    all.put("placement.strict is true", placement(b -> b.strict(true)));
    all.put("placement.polling is 101", placement(b -> b.polling(101)));
    return all;
  }

  @Test
  void aValueOutOfRangeIsRefusedByName() {
    cases()
        .forEach((words, refused) ->
            assertThatThrownBy(refused)
                .as(words)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words)
                .hasMessageMatching(".*(must|can't|needs|name the).*"));
  }

  /** A number has a range and a text a length: an option of such a type that is missing above was forgotten. */
  @Test
  void everyOptionWithARangeIsAmongThem() {
    for (Class<?> type : List.of(EngineConfig.class, ModelConfig.class, RopeScaling.class, ThreadPlacement.class)) {
      Arrays.stream(type.getDeclaredFields())
          .filter(field -> !Modifier.isStatic(field.getModifiers()))
          .filter(field -> field.getType().isPrimitive() && field.getType() != boolean.class)
          .map(Field::getName)
          .forEach(name ->
              assertThat(cases().keySet()).as(name).anyMatch(words -> words.matches("(\\w+\\.)?" + name + " .*")));
    }
  }

  @Test
  void whatAScalingMakesRoomFor() {
    RopeScaling half = RopeScaling.builder().frequencyScale(0.5f).build();
    assertThat(RopeScaling.defaults().contextSize(100)).isEqualTo(100);
    assertThat(half.contextSize(100)).isEqualTo(200);
    assertThat(half.contextSize(0)).isZero();
    assertThat(half.toBuilder().type(RopeScaling.Type.NONE).build().contextSize(100)).isEqualTo(100);
    assertThat(half.toBuilder().frequencyBase(5).build().contextSize(100)).isZero();
    RopeScaling yarn = half.toBuilder().type(RopeScaling.Type.YARN).yarnOriginalContext(30).build();
    assertThat(yarn.contextSize(100)).isEqualTo(60);
  }
}
