package io.panallama.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.agent.AgentConfig;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.gguf.GgufType;
import io.panallama.quantize.ImportanceMatrix;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationType;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.request.StopConditions;
import io.panallama.request.StreamFlush;
import io.panallama.request.Tenant;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.RerankOptions;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One idiom for all configuration: what a caller has learnt of one class holds for the others. */
class ConfigurationIdiomTest {
  private static final Tool TOOL = new Tool("look_up", "", Tool.NO_PARAMETERS);

  static Stream<Object> values() {
    return Stream.of(
        EngineConfig.builder().reusePrefixes(false).build(),
        IsolationConfig.defaults(),
        ModelConfig.defaults(),
        RopeScaling.defaults(),
        ThreadPlacement.builder().processors(Set.of(0)).build(),
        SpillConfig.builder().memoryBytes(1).disk(Path.of("kv"), 1).build(),
        QuantizationConfig.of(QuantizationType.Q8_0),
        GenerationOptions.defaults(),
        StopConditions.NONE,
        TemplateOptions.defaults(),
        Tools.of(TOOL),
        ReasoningBudget.of(1),
        LogitProcessing.of(() -> candidates -> {}),
        AgentConfig.defaults(),
        ChatRequest.of("Hello"),
        CompletionRequest.of("Hello"),
        InfillRequest.of("a", "b"),
        RerankOptions.defaults(),
        ClassifyOptions.defaults());
  }

  @ParameterizedTest
  @MethodSource("values")
  void isAFinalClassThatOnlyItsBuilderMakes(Object value) {
    Class<?> type = value.getClass();
    assertThat(type.isRecord()).isFalse();
    assertThat(type).isFinal();
    assertThat(type.getDeclaredConstructors()).allMatch(constructor -> Modifier.isPrivate(constructor.getModifiers()));
    assertThat(type.getDeclaredMethods())
        .filteredOn(method -> Modifier.isStatic(method.getModifiers()) && method.getName().equals("builder"))
        .hasSize(1);
    assertThat(Arrays.stream(type.getMethods()).map(Method::getName)).noneMatch(name -> name.matches("with[A-Z].*"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void aBuilderThatStartsFromAValueMakesTheSame(Object value) throws Exception {
    Object same = build(toBuilder(value));
    assertThat(same).isEqualTo(value).hasSameHashCodeAs(value).hasToString(value.toString());
    assertThat(same).isNotSameAs(value);
    assertThat(value).isNotEqualTo("something else");
  }

  @ParameterizedTest
  @MethodSource("values")
  void everyOptionHasAnAccessorOfItsNameAndCountsForEquality(Object value) throws Exception {
    for (Method setter : setters(value)) {
      String name = setter.getName();
      Method accessor = value.getClass().getMethod(name);
      Object before = plain(accessor.invoke(value));
      Object other =
          name.equals("priority") && before instanceof Integer
              ? 7
              : other(setter.getGenericParameterTypes()[0], before);
      Object builder = toBuilder(value);
      setter.invoke(builder, other);
      Object changed = build(builder);
      assertThat(plain(accessor.invoke(changed))).as(name).isEqualTo(other);
      assertThat(changed).as(name).isNotEqualTo(value);
      assertThat(changed.toString()).as(name).contains(name);
    }
  }

  @ParameterizedTest
  @MethodSource("values")
  void nothingIsNullAndNoOptionalIsTaken(Object value) throws Exception {
    for (Method setter : setters(value)) {
      Class<?> type = setter.getParameterTypes()[0];
      assertThat(type).as(setter.getName()).isNotEqualTo(Optional.class);
      if (!type.isPrimitive()) {
        Object builder = toBuilder(value);
        assertThatThrownBy(() -> invoke(setter, builder, (Object) null))
            .as(setter.getName())
            .isInstanceOf(NullPointerException.class);
      }
    }
  }

  private static List<Method> setters(Object value) throws ReflectiveOperationException {
    Class<?> builder = toBuilder(value).getClass();
    return Arrays.stream(builder.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()) && method.getParameterCount() == 1)
        .filter(method -> !method.isVarArgs() && method.getReturnType() == builder)
        .filter(method -> value.getClass() != GenerationOptions.class || !method.getName().equals("maxTokens"))
        .toList();
  }

  private static Object plain(Object value) {
    if (value instanceof OptionalInt number) {
      return number.isPresent() ? number.getAsInt() : Optional.empty();
    }
    return value instanceof Optional<?> optional ? optional.map(Object.class::cast).orElse(Optional.empty()) : value;
  }

  /** Another valid value of a type. */
  private static Object other(Type type, Object now) {
    Map<Type, Object> others =
        Map.ofEntries(
            Map.entry(int.class, now instanceof Integer i && i == 16 ? 17 : 16),
            Map.entry(long.class, now instanceof Long i && i == 16 ? 17L : 16L),
            Map.entry(boolean.class, !Boolean.TRUE.equals(now)),
            Map.entry(Boolean.class, true),
            Map.entry(String.class, "other"),
            Map.entry(Duration.class, Duration.ofMillis(7)),
            Map.entry(Instant.class, Instant.EPOCH),
            Map.entry(SpillConfig.class, SpillConfig.none()),
            Map.entry(IsolationConfig.class, IsolationConfig.builder().memoryBytes(7).build()),
            Map.entry(Path.class, Path.of("other")),
            Map.entry(SessionKey.class, SessionKey.of(new byte[SessionKey.MIN_BYTES])),
            Map.entry(Runnable.class, (Runnable) () -> {}),
            Map.entry(LoadListener.class, (LoadListener) progress -> false),
            Map.entry(QuantizationListener.class, (QuantizationListener) progress -> false),
            Map.entry(GgufType.class, GgufType.Q6_K),
            Map.entry(ContextOverflow.class, new ContextOverflow.Stop()),
            Map.entry(ResponseFormat.class, new ResponseFormat.JsonObject()),
            Map.entry(StreamFlush.class, StreamFlush.WORD),
            Map.entry(Tenant.class, Tenant.of("other")),
            Map.entry(StopConditions.class, StopConditions.builder().maxTokens(7).build()),
            Map.entry(Sampling.class, Sampling.greedy()),
            Map.entry(LogitProcessing.class, LogitProcessing.of(() -> candidates -> {})),
            Map.entry(ReasoningFormat.class, ReasoningFormat.NONE),
            Map.entry(TemplateOptions.Turn.class, TemplateOptions.Turn.OPEN),
            Map.entry(ReasoningBudget.class, ReasoningBudget.of(7)),
            Map.entry(ToolChoice.class, new ToolChoice.None()),
            Map.entry(Tools.class, Tools.of(TOOL)),
            Map.entry(TemplateOptions.class, TemplateOptions.builder().thinking(false).build()),
            Map.entry(GenerationOptions.class, GenerationOptions.builder().priority(7).build()),
            Map.entry(RopeScaling.class, RopeScaling.builder().frequencyBase(7).build()),
            Map.entry(ThreadPlacement.class, ThreadPlacement.builder().polling(7).build()),
            Map.entry(float.class, 7f),
            Map.entry(Float.class, 7f),
            Map.entry(TensorPlacement.class, new TensorPlacement("a", "CPU")),
            Map.entry(Prompt.class, new Prompt.Tokens(1)));
    if (others.containsKey(type)) {
      return others.get(type);
    }
    if (type instanceof Class<?> known && known.isEnum()) {
      return Arrays.stream(known.getEnumConstants())
          .filter(constant -> !constant.equals(now))
          .findFirst()
          .orElseThrow();
    }
    if (type == ImportanceMatrix.class) {
      return ImportanceMatrix.of(Map.of("a", new float[] {1}));
    }
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      Type element = list.getActualTypeArguments()[0];
      if (element == ChatMessage.class) {
        return List.of(ChatMessage.user("other"));
      }
      if (element == Tool.class) {
        return List.of(new Tool("other", "", Tool.NO_PARAMETERS));
      }
      if (element == InfillRequest.File.class) {
        return List.of(new InfillRequest.File("a", "b"));
      }
      return List.of(other(element, now));
    }
    if (type instanceof ParameterizedType set && set.getRawType() == Set.class) {
      return Set.of(7);
    }
    if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
      return Map.of("a", map.getActualTypeArguments()[1] == String.class ? "1" : MetadataValue.of(1));
    }
    throw new AssertionError("No example of " + type + "; add one to this test.");
  }

  private static Object toBuilder(Object value) throws ReflectiveOperationException {
    return value.getClass().getMethod("toBuilder").invoke(value);
  }

  private static Object build(Object builder) throws ReflectiveOperationException {
    return builder.getClass().getMethod("build").invoke(builder);
  }

  private static void invoke(Method method, Object target, Object argument) throws Throwable {
    try {
      method.invoke(target, argument);
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }
}
