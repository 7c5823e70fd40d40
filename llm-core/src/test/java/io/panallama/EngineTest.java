package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.panallama.chat.ChatMessage;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationEvent.Finished;
import io.panallama.generation.GenerationEvent.Text;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine on real parts: llama.cpp and the demo model. */
@Timeout(120)
class EngineTest {
  private static final GenerationOptions GREEDY = GenerationOptions.builder().sampling(Sampling.greedy()).build();

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TestFiles.demoModel());
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void close() {
    engine.close();
    model.close();
  }

  private static String answer(String question) {
    return engine.generate(ChatRequest.of(question).with(GREEDY)).await().text();
  }

  @Test
  void answersAQuestion() {
    Completion completion = engine.generate(ChatRequest.of("What is the capital of France?").with(GREEDY)).await();
    assertThat(completion.text()).contains("Paris");
    assertThat(completion.reason()).isEqualTo(FinishReason.STOP);
    assertThat(completion.usage().promptTokens()).isEqualTo(16);
    assertThat(completion.usage().completionTokens()).isPositive();
    assertThat(completion.timings().timeToFirstToken()).isPositive();
  }

  @Test
  void aConversationIsRemembered() {
    ChatRequest request =
        ChatRequest.of(
            ChatMessage.user("My name is Robin."),
            ChatMessage.assistant("Hello, Robin!"),
            ChatMessage.user("What is my name?"));
    assertThat(engine.generate(request.with(GREEDY)).await().text()).contains("Robin");
  }

  @Test
  void completesARawPrompt() {
    Completion completion =
        engine.generate(CompletionRequest.of("Once upon a time").with(GREEDY.toBuilder().maxTokens(5).build())).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(completion.usage().completionTokens()).isEqualTo(5);
  }

  @Test
  void tokensAndTextOfAPromptGiveTheSame() {
    int[] tokens = model.tokenizer().tokenize("Once upon a time", true, false);
    GenerationOptions options = GREEDY.toBuilder().maxTokens(10).build();
    assertThat(engine.generate(CompletionRequest.of(tokens).with(options)).await().text())
        .isEqualTo(engine.generate(CompletionRequest.of("Once upon a time").with(options)).await().text());
  }

  @Test
  void theSameSeedGivesTheSameText() {
    Sampling seeded = Sampling.builder().temperature(1.5f).seed(42).build();
    ChatRequest request =
        ChatRequest.of("Tell me a story").with(GenerationOptions.builder().sampling(seeded).maxTokens(40).build());
    assertThat(engine.generate(request).await().text()).isEqualTo(engine.generate(request).await().text());
  }

  @Test
  void stopsAtAStopText() {
    Completion completion =
        engine
            .generate(ChatRequest.of("What is the capital of France?").with(GREEDY.toBuilder().stops("of Fr").build()))
            .await();
    assertThat(completion.text()).isEqualTo("The capital ");
    assertThat(completion.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(completion.stopText()).isEqualTo("of Fr");
    ChatRequest hello = ChatRequest.of("Hello").with(GREEDY);
    try (Generation generation = engine.generate(hello)) {
      assertThat(generation.promptTokens()).hasValue(engine.countTokens(hello));
    }
    assertThat(engine.generate(ChatRequest.of("Hello").with(GREEDY)).await().stopText()).isEmpty();
  }

  @Test
  void reportsLogprobsLikeliestFirst() {
    List<TokenLogprobs> logprobs = new ArrayList<>();
    for (GenerationEvent event :
        engine.generate(ChatRequest.of("Hello").with(GREEDY.toBuilder().topLogprobs(3).build()))) {
      if (event instanceof Text text) {
        logprobs.addAll(text.logprobs());
      }
    }
    assertThat(logprobs).isNotEmpty();
    for (TokenLogprobs step : logprobs) {
      assertThat(step.top()).hasSize(3).first().isEqualTo(step.chosen());
      assertThat(step.chosen().logprob()).isLessThanOrEqualTo(0);
      assertThat(step.top().get(1).logprob()).isLessThanOrEqualTo(step.chosen().logprob());
    }
  }

  @Test
  void reportsWhatTheSamplersLeft() {
    Sampling sampling = Sampling.builder().temperature(1.5f).topK(5).topP(1).minP(0).seed(3).build();
    List<TokenLogprobs> raw = logprobs(sampling, false);
    List<TokenLogprobs> left = logprobs(sampling, true);
    assertThat(left)
        .extracting(one -> one.chosen().token())
        .isEqualTo(raw.stream().map(one -> one.chosen().token()).toList());
    for (int i = 0; i < left.size(); i++) {
      List<TokenLogprob> top = left.get(i).top();
      assertThat(top)
          .extracting(TokenLogprob::token)
          .isEqualTo(raw.get(i).top().stream().limit(5).map(TokenLogprob::token).toList());
      assertThat(top).contains(left.get(i).chosen());
      assertThat(top.stream().mapToDouble(one -> Math.exp(one.logprob())).sum()).isCloseTo(1, offset(1e-5));
      // The temperature divides the differences.
      assertThat(top.get(1).logprob() - top.get(0).logprob())
          .isCloseTo((raw.get(i).top().get(1).logprob() - raw.get(i).top().get(0).logprob()) / 1.5f, offset(1e-4f));
    }
  }

  @Test
  void greedySamplingLeavesOneToken() {
    for (TokenLogprobs step : logprobs(Sampling.greedy(), true)) {
      assertThat(step.chosen().logprob()).isZero();
      assertThat(step.top()).containsExactly(step.chosen());
    }
  }

  @Test
  void aGrammarLeavesWhatItAllows() {
    Sampling sampling =
        Sampling.builder().temperature(1).seed(5).grammar(new Sampler.Grammar("root ::= [ab]+", "root")).build();
    for (TokenLogprobs step : logprobs(sampling, true)) {
      assertThat(step.top()).isNotEmpty().hasSizeLessThanOrEqualTo(8);
      assertThat(step.chosen().logprob()).isLessThanOrEqualTo(0).isGreaterThan(-100);
    }
  }

  private List<TokenLogprobs> logprobs(Sampling sampling, boolean afterSampling) {
    GenerationOptions options =
        GenerationOptions.builder()
            .sampling(sampling)
            .topLogprobs(8)
            .logprobsAfterSampling(afterSampling)
            .maxTokens(12)
            .build();
    List<TokenLogprobs> logprobs =
        engine.generate(CompletionRequest.of("Once upon a").with(options)).await().logprobs();
    assertThat(logprobs).isNotEmpty();
    return logprobs;
  }

  @Test
  void aGrammarIsKept() {
    Sampling sampling =
        Sampling.builder().temperature(0).grammar(new Sampler.Grammar("root ::= \"yes\" | \"no\"", "root")).build();
    Completion completion =
        engine.generate(ChatRequest.of("Do llamas fly?").with(GREEDY.toBuilder().sampling(sampling).build())).await();
    assertThat(completion.text()).isIn("yes", "no");
  }

  @Test
  void aGrammarThatDoesNotCompileIsRefused() {
    Sampling sampling = Sampling.builder().grammar(new Sampler.Grammar("root ::= \"unclosed", "root")).build();
    assertThatThrownBy(
            () -> engine.generate(ChatRequest.of("Hello").with(GREEDY.toBuilder().sampling(sampling).build())))
        .isInstanceOfSatisfying(
            InvalidRequestException.class, refused -> assertThat(refused.parameter()).isEqualTo("sampling.grammar"))
        .hasMessageContaining("does not compile");
  }

  /** llama.cpp subtracts one from the other and writes out 2^64 rules. */
  @Test
  @Timeout(30)
  void aRepetitionWithLessAtMostThanAtLeastIsRefused() {
    for (String gbnf :
        List.of(
            "root ::= \"a\"{3,2}",
            "root ::= \"a\"{1,0}",
            "root ::= \"a\"{ 3 , 2 }",
            "root ::= (\"a\"{3 # {1,2}\n,2})",
            "root ::= [{\"] \"a\"{3,2}",
            "root ::= \"x\" # \" comment\r# \" \n  \"a\"{3,2}",
            "root ::= <[1]> \"a\"{3,2}")) {
      Sampling sampling = Sampling.builder().grammar(new Sampler.Grammar(gbnf, "root")).build();
      assertThatThrownBy(
              () -> engine.generate(ChatRequest.of("Hello").with(GREEDY.toBuilder().sampling(sampling).build())))
          .as(gbnf)
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("does not compile");
    }
    Sampling literal =
        Sampling.builder().temperature(0).grammar(new Sampler.Grammar("root ::= \"{3,2}\" \"a\"{2,2}", "root")).build();
    assertThat(engine.generate(ChatRequest.of("Hi").with(GREEDY.toBuilder().sampling(literal).build())).await().text())
        .isEqualTo("{3,2}aa");
  }

  /** llama.cpp's own matcher would compute for minutes at every token. */
  @Test
  void aGrammarOfManyOptionalPartsIsKept() {
    Map<String, String> texts =
        Map.of(
            "root ::= (\"a\"?){0,1000}",
            "a*",
            "root ::= \"x\" ((\"a\"|\"b\")?){0,300} \"z\"",
            "x[ab]*z?",
            "root ::= ((\"a\"?){0,20}){0,20}",
            "a*",
            nestedOptions(300),
            "ab*");
    texts.forEach((gbnf, text) -> {
      Sampling sampling = Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Dist()), 1);
      GenerationOptions options = GREEDY.toBuilder().sampling(sampling).maxTokens(20).build();
      assertThat(engine.generate(ChatRequest.of("Hello").with(options)).await().text()).as(gbnf).matches(text);
    });
  }

  @Test
  void aLargeGrammarWithoutLongChoicesIsKept() {
    StringBuilder choices = new StringBuilder("root ::= \"a\"");
    for (int i = 0; i < 1000; i++) {
      choices.append(" | \"b").append(i).append("\"");
    }
    for (String gbnf : List.of(choices.toString(), "root ::= [a-z ]{1,1000}", "root ::= (\"a\"?){0,20} \"b\"")) {
      assertGenerates(Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Dist()), 1));
    }
  }

  /** After the only letter there are that many optional ones, each at the end of another rule. */
  private static String nestedOptions(int depth) {
    StringBuilder gbnf = new StringBuilder("root ::= r0\n");
    for (int i = 0; i < depth; i++) {
      gbnf.append("r" + i + " ::= r" + (i + 1) + " \"b\"?\n");
    }
    return gbnf.append("r" + depth + " ::= \"a\"\n").toString();
  }

  @Test
  void aTemperatureNextToNothingIsGreedy() {
    Sampling cold = Sampling.builder().temperature(1e-38f).seed(1).build();
    GenerationOptions options = GREEDY.toBuilder().maxTokens(10).build();
    assertThat(
            engine
                .generate(ChatRequest.of("Tell me a story").with(options.toBuilder().sampling(cold).build()))
                .await()
                .text())
        .isEqualTo(engine.generate(ChatRequest.of("Tell me a story").with(options)).await().text());
  }

  @Test
  void numbersThatOverflowEndTheGenerationInsteadOfChoosingAnyToken() {
    Map<Integer, Float> bias = new HashMap<>();
    for (int token = 0; token < model.vocabulary().size(); token++) {
      bias.put(token, Float.MAX_VALUE);
    }
    List<Sampler> chain = List.of(new Sampler.LogitBias(bias), new Sampler.Temperature(0.5f), new Sampler.Dist());
    GenerationOptions options = GREEDY.toBuilder().sampling(Sampling.of(chain, 1)).build();
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello").with(options)).await())
        .isInstanceOf(GenerationException.class)
        .hasMessageContaining("too large to draw from");
  }

  @Test
  void stopsAndBreakersThatWouldCostTooMuchAreRefused() {
    assertThatThrownBy(() -> GREEDY.toBuilder().stops("x".repeat(1025)).build())
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("1025 chars; at most 1024");
    assertThatThrownBy(() -> GREEDY.toBuilder().stops("\uD800").build())
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("surrogate");
    assertThatThrownBy(() -> new Sampler.Dry(1, 1.5f, 2, 64, List.of("x".repeat(41))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("1 to 40");
    assertThatThrownBy(() -> new Sampler.Dry(1, 1.5f, 2, 64, Collections.nCopies(65, "x")))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("at most 64");
  }

  @Test
  void everySamplerOfLlamaCppGenerates() {
    List<Sampler> stages =
        List.of(
            new Sampler.Grammar("root ::= [a-zA-Z ,.!?]*", "root"),
            new Sampler.LazyGrammar("root ::= \"x\"", "root", List.of("never this"), List.of()),
            new Sampler.LogitBias(Map.of(5, -1f)),
            new Sampler.NoEnd(),
            new Sampler.Penalties(64, 1.1f, 0.1f, 0.1f),
            new Sampler.Dry(0.8f, 1.75f, 2, 64, List.of("\n", ":")),
            new Sampler.TopNSigma(3),
            new Sampler.TopK(40),
            new Sampler.Typical(0.95f, 1),
            new Sampler.TopP(0.95f, 1),
            new Sampler.MinP(0.05f, 1),
            new Sampler.Xtc(0.5f, 0.1f, 1),
            new Sampler.Temperature(0.8f),
            new Sampler.DynamicTemperature(0.8f, 0.2f, 1),
            new Sampler.Infill());
    for (Sampler stage : stages) {
      assertGenerates(Sampling.of(List.of(stage, new Sampler.Dist()), 1));
    }
    List<Sampler> selecting =
        List.of(
            new Sampler.Greedy(),
            new Sampler.Dist(),
            new Sampler.Mirostat(5, 0.1f, 100),
            new Sampler.MirostatV2(5, 0.1f),
            new Sampler.AdaptiveP(0.5f, 0.9f));
    for (Sampler last : selecting) {
      assertGenerates(Sampling.of(List.of(last), 1));
    }
  }

  @Test
  void withoutItsEndTokensAnAnswerHasTheLengthThatWasAskedFor() {
    Completion ends = engine.generate(ChatRequest.of("Hello").with(GREEDY.toBuilder().maxTokens(100).build())).await();
    assertThat(ends.reason()).isEqualTo(FinishReason.STOP);

    Sampling endless = Sampling.builder().temperature(0).ignoreEnd(true).build();
    GenerationOptions options = GREEDY.toBuilder().sampling(endless).maxTokens(100).build();
    Completion goesOn = engine.generate(ChatRequest.of("Hello").with(options)).await();

    assertThat(goesOn.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(goesOn.usage().completionTokens()).isEqualTo(100);
    assertThat(goesOn.text()).startsWith(ends.text());
  }

  private static void assertGenerates(Sampling sampling) {
    GenerationOptions options = GenerationOptions.builder().sampling(sampling).maxTokens(8).build();
    Completion completion = engine.generate(ChatRequest.of("Tell me a story").with(options)).await();
    assertThat(completion.usage().completionTokens()).as("tokens by %s", sampling).isPositive();
  }

  @Test
  void aBiasOfATokenThatDoesNotExistIsRefused() {
    Sampling sampling = Sampling.builder().logitBias(Map.of(1_000_000, 1f)).build();
    assertThatThrownBy(
            () -> engine.generate(ChatRequest.of("Hello").with(GREEDY.toBuilder().sampling(sampling).build())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("1000000")
        .hasMessageContaining("0 to 2047");
  }

  @Test
  void aTokenThatDoesNotExistIsRefused() {
    assertThatThrownBy(() -> engine.generate(CompletionRequest.of(1, 2, 99_999)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("99999");
  }

  @Test
  void aPromptLongerThanTheContextIsRefusedWithTheCounts() {
    assertThatThrownBy(() -> engine.generate(CompletionRequest.of("word ".repeat(3000))))
        .isInstanceOfSatisfying(
            PromptTooLongException.class,
            tooLong -> {
              assertThat(tooLong.contextSize()).isEqualTo(1024);
              assertThat(tooLong.promptTokens()).isGreaterThan(1024);
            });
  }

  @Test
  void anAnswerEndsWhereTheContextIsFull() {
    Completion completion =
        engine.generate(CompletionRequest.of("word ".repeat(700)).with(TestEngines.endless(model))).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(completion.usage().totalTokens()).isEqualTo(1024);
  }

  @Test
  void cancelEndsTheStream() {
    Generation generation = engine.generate(ChatRequest.of("Tell me a long story").with(GREEDY));
    generation.cancel();
    List<GenerationEvent> events = new ArrayList<>();
    generation.forEach(events::add);
    assertThat(events.getLast())
        .isInstanceOfSatisfying(
            Finished.class, end -> assertThat(end.reason()).isIn(FinishReason.CANCELLED, FinishReason.STOP));
  }

  @Test
  void aClosedGenerationCannotBeReadAndMayBeClosedAgain() {
    Generation generation = engine.generate(ChatRequest.of("Tell me a story").with(GREEDY));
    generation.close();
    generation.close();
    assertThatThrownBy(() -> generation.iterator().next()).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void theTextOfManyConcurrentReadersIsTheirOwn() throws InterruptedException {
    List<String> countries = List.of("France", "Peru", "Italy", "Japan", "Spain", "Kenya", "Egypt", "Norway");
    List<String> alone = countries.stream().map(country -> answer("What is the capital of " + country + "?")).toList();
    List<String> together = new ArrayList<>();
    List<Thread> readers = new ArrayList<>();
    for (String country : countries) {
      together.add("");
      int index = together.size() - 1;
      readers.add(
          Thread.ofVirtual().start(() -> together.set(index, answer("What is the capital of " + country + "?"))));
    }
    for (Thread reader : readers) {
      reader.join();
    }
    // These answers are certain enough (no close second token) to be equal to the letter.
    assertThat(together).isEqualTo(alone);
  }
}
