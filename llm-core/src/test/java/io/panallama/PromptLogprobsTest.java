package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.config.KvLayout;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The log-probabilities of prompts of a real model, against those that the model gives to one token after the other. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(120)
class PromptLogprobsTest {
  @Parameter private KvLayout layout;

  /**
   * In log-probability: kernels depend on the number of tokens in a batch, so the last bits do, in every layer. Measured with this
   * model: up to 0.2 for tokens of a log-probability around -2.5, and less for likelier ones. {@code NativeDecoderTest} compares
   * the same rows bit by bit.
   */
  private static final float ROUNDING = 0.4f;

  /** What the differences are on average at most. */
  private static final double MEAN_ROUNDING = 0.06;

  private static final String TEXT =
      "Once upon a time there was a llama who lived on a hill. Every morning it ate grass and looked at the sea. One"
          + " day a fox came and said: good morning, what do you see? The llama said: I see a boat, and in the boat is"
          + " a girl with a red hat. She sings a song about the sea and the sun, and the birds sing with her until the"
          + " evening comes.";

  private static final GenerationOptions GREEDY =
      GenerationOptions.builder().sampling(Sampling.builder().temperature(0).ignoreEnd(true).build()).build();

  private Engine start(Model model) {
    return Engine.start(model, TestEngines.config().toBuilder().kvLayout(layout).slots(2).build());
  }

  private static CompletionRequest tokens(int[] prompt, GenerationOptions options) {
    return CompletionRequest.of(new Prompt.Tokens(prompt), options);
  }

  @Test
  void theyAreThoseOfOneTokenAfterTheOther() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = start(model)) {
      int[] prompt = engine.tokenize(TEXT, true, false);
      assertThat(prompt.length).as("more than a chunk").isGreaterThan(70);
      // Something in the cache, which must not be used.
      engine.generate(tokens(prompt, GREEDY.toBuilder().maxTokens(1).build())).await();
      GenerationOptions scored = GREEDY.toBuilder().maxTokens(2).topLogprobs(3).promptLogprobs(3).build();
      Completion completion = engine.generate(tokens(prompt, scored)).await();
      List<TokenLogprobs> scores = completion.promptLogprobs();
      assertThat(scores.stream().mapToInt(score -> score.chosen().token()).toArray()).isEqualTo(prompt);
      assertThat(completion.usage().cachedTokens()).isZero();
      assertThat(completion.logprobs()).hasSize(2);
      GenerationOptions next = GREEDY.toBuilder().maxTokens(1).topLogprobs(20).build();
      int compared = 0;
      double differences = 0;
      for (int i = 1; i < prompt.length; i++) {
        TokenLogprobs given = engine.generate(tokens(Arrays.copyOf(prompt, i), next)).await().logprobs().getFirst();
        TokenLogprobs score = scores.get(i);
        // The best one may be another only where two tie.
        float best = given.top().getFirst().logprob();
        assertThat(score.top()).hasSize(3).isSortedAccordingTo((a, b) -> Float.compare(b.logprob(), a.logprob()));
        assertThat(score.top().getFirst().logprob()).as("best at %d", i).isCloseTo(best, within(ROUNDING));
        int token = prompt[i];
        for (TokenLogprobs.TokenLogprob one : given.top()) {
          if (one.token() == token && one.logprob() > -5) {
            assertThat(score.chosen().logprob()).as("token %d", i).isCloseTo(one.logprob(), within(ROUNDING));
            compared++;
            differences += Math.abs(score.chosen().logprob() - one.logprob());
          }
        }
      }
      assertThat(compared).as("tokens of the prompt among the twenty likeliest").isGreaterThan(prompt.length / 3);
      assertThat(differences / compared).as("mean difference").isLessThan(MEAN_ROUNDING);
    }
  }

  @Test
  void conversationsHaveThemTooAndEveryAnswerHas() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = start(model)) {
      ChatRequest chat =
          ChatRequest.of("What is the capital of Peru?")
              .with(GREEDY.toBuilder().maxTokens(5).promptLogprobs(0).build());
      List<Completion> both = engine.generateAll(chat, 2).await();
      for (Completion one : both) {
        assertThat(one.promptLogprobs()).hasSize(engine.countTokens(chat));
        assertThat(one.promptLogprobs()).allMatch(score -> score.top().isEmpty());
        assertThat(one.logprobs()).isEmpty();
        // A chat's special tokens are certain for a model that was trained with them; text is less so.
        List<Float> values = new ArrayList<>();
        one.promptLogprobs().stream().skip(1).forEach(score -> values.add(score.chosen().logprob()));
        assertThat(values).allMatch(value -> value <= 0);
      }
    }
  }

  @Test
  void theNumberIsChecked() {
    assertThatThrownBy(() -> GREEDY.toBuilder().promptLogprobs(21).build())
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("promptLogprobs");
    assertThat(GREEDY.toBuilder().promptLogprobs(3).noPromptLogprobs().build()).isEqualTo(GREEDY);
  }
}
