package io.panallama.typed;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a model says becomes a value of the type, also one that says anything.
 *
 * <p>{@code -Dpanallama.test.generations=1000} makes as many for each type; a few by default.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class TypedAnswersTest {
  private static final int GENERATIONS = Integer.getInteger("panallama.test.generations", 4);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonSchemaFactory VALIDATORS = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    TinySpec spec = TinySpec.defaults().withContextLength(4096);
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  static List<AnswerType<?>> types() {
    return Samples.ALL;
  }

  private static GenerationOptions options(int seed) {
    // Even the least likely token comes now and then, so every way through the grammar is taken.
    Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
    return GenerationOptions.builder().sampling(sampling).maxTokens(1000).build();
  }

  @ParameterizedTest
  @MethodSource("types")
  void whateverARandomModelSaysIsAValue(AnswerType<?> type) throws Exception {
    JsonSchema validator = VALIDATORS.getSchema(type.schema());
    int whole = 0;
    for (int seed = 0; seed < GENERATIONS; seed++) {
      AnswerType<?> asked = type.withShapeInPrompt(seed % 2 == 0);
      Completion answer = engine.generate(asked.applyTo(ChatRequest.of("Say something").with(options(seed)))).await();
      if (answer.reason() == FinishReason.STOP) {
        String context = type + ", seed " + seed + ": " + answer.text();
        assertThat(validator.validate(JSON.readTree(answer.text()))).as(context).isEmpty();
        Object value = type.read(answer);
        assertThat(value).as(context).isNotNull();
        beginningsHaveValuesToo(type, answer.text(), value);
        whole++;
      } else {
        assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
      }
    }
    assertThat(whole).as("answers that were not cut off").isGreaterThanOrEqualTo(GENERATIONS / 2);
  }

  /** At every character: no failure, a value stays once it is there, and the whole text has the whole value. */
  private static void beginningsHaveValuesToo(AnswerType<?> type, String json, Object whole) {
    boolean there = false;
    for (int end = 0; end <= json.length(); end++) {
      Optional<?> soFar = type.readSoFar(json.substring(0, end));
      assertThat(soFar.isPresent() || !there).as("a value of %s after %s", type, json.substring(0, end)).isTrue();
      there = soFar.isPresent();
    }
    assertThat(type.readSoFar(json + " ")).get().usingRecursiveComparison().isEqualTo(whole);
  }
}
