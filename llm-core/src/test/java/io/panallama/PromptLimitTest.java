package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an error says of a prompt that does not fit, and of tokens that the vocabulary has not. */
@Timeout(120)
class PromptLimitTest {
  /** The demo model was trained for 1024 tokens. */
  @ParameterizedTest
  @CsvSource({"4096, 1, UNIFIED, 1024, MODEL", "512, 2, UNIFIED, 512, CONTEXT", "1024, 4, SPLIT, 256, SHARE"})
  void theErrorNamesWhatHelps(
      int contextSize, int slots, KvLayout layout, int conversation, PromptTooLongException.Limit limit) {
    EngineConfig config = EngineConfig.builder().contextSize(contextSize).slots(slots).kvLayout(layout).build();
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, config)) {
      assertThat(engine.sequenceContextSize()).isEqualTo(conversation);
      for (CompletionRequest tooLong :
          List.of(CompletionRequest.of("word ".repeat(5000)), CompletionRequest.of(new int[conversation]))) {
        assertThatThrownBy(() -> engine.generate(tooLong))
            .isInstanceOfSatisfying(
                PromptTooLongException.class, refused -> assertThat(refused.limit()).isEqualTo(limit));
      }
    }
  }

  @Test
  void forbiddenTokensThatTheVocabularyHasNotAreNamedAsSuch() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, EngineConfig.builder().contextSize(64).slots(1).build())) {
      GenerationOptions options =
          GenerationOptions.builder().sampling(Sampling.builder().banTokens(List.of(99_999)).build()).build();
      for (ResponseFormat format :
          List.of(new ResponseFormat.Text(), new ResponseFormat.Gbnf("root ::= \"a\"", "root"))) {
        CompletionRequest request = CompletionRequest.of("a").with(options.toBuilder().format(format).build());
        assertThatThrownBy(() -> engine.generate(request))
            .isInstanceOfSatisfying(
                InvalidRequestException.class,
                refused -> assertThat(refused.parameter()).isEqualTo("sampling.bannedTokens"))
            .hasMessageContaining("99999");
      }
    }
  }

  /** A conversation that may shift has no limit of tokens, but its prompt has one of characters; the format has no part in it. */
  @Test
  void aPromptThatCannotBeReadIsBlamedOnTheMessages() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, EngineConfig.builder().contextSize(64).slots(1).build())) {
      GenerationOptions options =
          GenerationOptions.builder().overflow(new ContextOverflow.Shift(0)).maxTokens(1).build();
      ChatRequest request = ChatRequest.of("a ".repeat(10_100_000)).toBuilder().options(options).build();
      assertThatThrownBy(() -> engine.generate(request))
          .isInstanceOfSatisfying(
              InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("messages"))
          .hasMessage(
              "messages makes a prompt of more than 20000000 characters, the most that is read; send a shorter"
                  + " conversation.");
    }
  }

  @Test
  void aGrammarThatEndsTooSoonSaysSo() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, EngineConfig.builder().contextSize(64).slots(1).build())) {
      GenerationOptions options =
          GenerationOptions.builder()
              .sampling(Sampling.builder().grammar(new Sampler.Grammar("foo", "root")).build())
              .build();
      assertThatThrownBy(() -> engine.generate(CompletionRequest.of("a").with(options)))
          .hasMessageEndingWith("expecting ::= at the end of the line");
    }
  }
}
