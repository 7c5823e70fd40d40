package io.panallama.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stop tokens, and a fewest number of tokens before any end. */
@Timeout(120)
class StopConditionsTest {
  @TempDir private static Path folder;

  private static Model endless;
  private static Model mute;
  private static Engine talking;
  private static Engine silent;

  @BeforeAll
  static void start() {
    TinySpec spec = TinySpec.defaults();
    endless = Model.load(TinyModels.write(folder.resolve("endless.gguf"), spec));
    mute = Model.load(TinyModels.write(folder.resolve("mute.gguf"), spec.withEnd(TinySpec.End.ALWAYS)));
    talking = Engine.start(endless, TestEngines.config());
    silent = Engine.start(mute, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    silent.close();
    talking.close();
    mute.close();
    endless.close();
  }

  private static GenerationOptions greedy(StopConditions stop) {
    return GenerationOptions.builder().sampling(Sampling.greedy()).stop(stop.toBuilder().maxTokens(40).build()).build();
  }

  private static Completion answer(Engine engine, GenerationOptions options) {
    return engine.generate(CompletionRequest.of(new Prompt.Text("Say something", false), options)).await();
  }

  private static Completion answer(Engine engine, StopConditions stop) {
    return answer(engine, greedy(stop));
  }

  @Test
  void aStopTokenEndsTheAnswerAndIsNotPartOfIt() {
    Completion whole = answer(talking, StopConditions.NONE);
    int[] tokens = endless.tokenizer().tokenize(whole.text(), false, false);
    int last = tokens[7];
    Completion cut = answer(talking, StopConditions.builder().tokens(Set.of(last)).build());
    assertThat(cut.reason()).isEqualTo(FinishReason.STOP);
    assertThat(whole.text()).startsWith(cut.text());
    assertThat(cut.usage().completionTokens()).isLessThanOrEqualTo(7);
    String piece = new String(endless.vocabulary().piece(last), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(whole.text().substring(cut.text().length())).startsWith(piece);
  }

  @Test
  void nothingEndsBeforeTheFewestTokens() {
    assertThat(answer(silent, StopConditions.NONE).usage().completionTokens()).isZero();
    for (int fewest : List.of(1, 2, 17)) {
      Completion answer = answer(silent, StopConditions.builder().minTokens(fewest).build());
      assertThat(answer.usage().completionTokens()).isEqualTo(fewest);
      assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void stopTokensAndStopTextsWaitForTheFewestTokensToo() {
    Completion whole = answer(talking, StopConditions.NONE);
    int[] tokens = endless.tokenizer().tokenize(whole.text(), false, false);
    String early = whole.text().substring(2, 4);
    StopConditions stop = StopConditions.builder().texts(List.of(early)).build();
    assertThat(answer(talking, stop).text()).isEqualTo(whole.text().substring(0, whole.text().indexOf(early)));
    Completion later = answer(talking, stop.toBuilder().minTokens(20).build());
    assertThat(later.usage().completionTokens()).isGreaterThanOrEqualTo(20);
    assertThat(later.text()).contains(early);

    Completion without =
        answer(talking, StopConditions.builder().tokens(Collections.singleton(tokens[0])).minTokens(10).build());
    assertThat(without.usage().completionTokens()).isGreaterThanOrEqualTo(10);
    assertThat(without.text()).doesNotStartWith(whole.text().substring(0, 1));
  }

  @Test
  void aGrammarAtItsEndEndsTheAnswerAllTheSame() {
    GenerationOptions options =
        greedy(StopConditions.builder().minTokens(30).build()).toBuilder()
            .format(new ResponseFormat.Gbnf("root ::= \"abc\"", "root"))
            .build();
    Completion answer = answer(talking, options);
    assertThat(answer.text()).isEqualTo("abc");
    assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    StopConditions none = StopConditions.NONE;
    assertThatThrownBy(() -> none.toBuilder().maxTokens(5).minTokens(6).build())
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> none.toBuilder().minTokens(-1).build()).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> none.toBuilder().texts(List.of("")).build()).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> answer(talking, none.toBuilder().tokens(Set.of(endless.vocabulary().size())).build()))
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("stop.tokens"));
  }
}
