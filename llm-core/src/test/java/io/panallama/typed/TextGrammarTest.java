package io.panallama.typed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers of a model that says anything; Java's own expressions decide what fits. */
@Timeout(120)
class TextGrammarTest {
  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults()));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static String answer(ResponseFormat format, int seed) {
    Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
    GenerationOptions options = GenerationOptions.builder().sampling(sampling).format(format).maxTokens(300).build();
    Completion answer = engine.generate(CompletionRequest.of("Say: ").with(options)).await();
    assertThat(answer.reason()).as(answer.text()).isEqualTo(FinishReason.STOP);
    return answer.text();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "yes|no",
        "^yes|no$",
        "^(\\d{3})-(?:\\d{4}|x{2,3})$",
        "[A-Z][a-z]{1,4}( \\w{2}){0,2}",
        "\"[^\"\\\\]{2}\" \\\\ \\[\\]\\-",
        "a\\tb\\nc|\\x7f\\x01",
        "[\\s\\S]{3}",
        ".{2}[^\\d]",
        "\\p{Lu}\\u00e4{2}[😀-😂]?",
        "a?b*?c+?(|d)()",
        "",
      })
  void theWholeAnswerFitsTheExpression(String pattern) {
    Pattern whole = Pattern.compile(pattern);
    for (int seed = 0; seed < 4; seed++) {
      assertThat(answer(TextGrammar.matching("format", pattern), seed)).matches(whole);
    }
  }

  @Test
  void theAnswerIsOneOfTheTexts() {
    List<String> texts = List.of("a", "b \"c\"\\", "line\nline\t\u0001", "🦙[x]|ä", "");
    Set<String> answers = new HashSet<>();
    for (int seed = 0; seed < 12; seed++) {
      answers.add(answer(TextGrammar.oneOf("format", texts), seed));
    }
    assertThat(texts).containsAll(answers);
    assertThat(answers).hasSizeGreaterThan(1);
    for (String text : texts) {
      assertThat(answer(TextGrammar.oneOf("format", List.of(text)), 0)).isEqualTo(text);
    }
  }

  @Test
  void whatNoGrammarEnforcesIsRefusedWithItsPlace() {
    assertThatThrownBy(() -> TextGrammar.matching("field", "a(?=b)"))
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("field"))
        .hasMessageStartingWith("field can't be enforced, because it has a group that begins with (?")
        .hasMessageEndingWith("at index 1.");
    assertThatThrownBy(() -> TextGrammar.matching("field", "^a$b$")).hasMessageContaining("a $ inside");
    assertThatThrownBy(() -> TextGrammar.matching("field", "[^\\s\\S]")).hasMessageContaining("no character fits");
    assertThatThrownBy(() -> TextGrammar.oneOf("field", List.of()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("field is empty; give it one text at least.");
  }
}
