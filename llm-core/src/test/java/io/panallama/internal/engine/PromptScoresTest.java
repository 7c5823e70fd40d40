package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.KvLayout;
import io.panallama.config.SpillConfig;
import io.panallama.error.GenerationException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.internal.schedule.Applicant;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The log-probabilities of prompts, on a fake that notices every cell and every row that is wrong. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(60)
class PromptScoresTest {
  @Parameter private KvLayout layout;

  private static final int VOCABULARY = 200;
  private static final int CHUNK = Outputs.PROMPT_ROWS;
  private static final int TOP = 2;

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private EngineFront loop;

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
    }
  }

  private void start(int slots, int context, int mailbox, SpillConfig spill) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", slots, 1000, mailbox, Duration.ZERO, spill),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              boolean split = layout == KvLayout.SPLIT;
              FakeDecoder made =
                  split
                      ? new FakeDecoder(512, slots * 1000, 1000, VOCABULARY, slots)
                      : new FakeDecoder(512, context, 1000, VOCABULARY, 3 * slots);
              made.split = split;
              decoder.set(made);
              return made;
            });
  }

  private void start(int slots) {
    start(slots, 4000, 256, SpillConfig.none());
  }

  private static GenerationOptions scored(int maxTokens) {
    return GenerationOptions.builder().maxTokens(maxTokens).promptLogprobs(TOP).build();
  }

  private Generation submit(int[] prompt, GenerationOptions options) {
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY).toArray();
  }

  /** What the rule of the fake gives for each place of a prompt, without any engine. */
  private static void check(List<TokenLogprobs> scores, int[] prompt) {
    assertThat(scores.stream().mapToInt(score -> score.chosen().token())).containsExactly(box(prompt));
    assertThat(scores.getFirst().chosen().logprob()).isNaN();
    assertThat(scores.getFirst().top()).isEmpty();
    for (int i = 1; i < prompt.length; i++) {
      int next = FakeDecoder.expected(Arrays.copyOf(prompt, i), 1, VOCABULARY)[0];
      assertThat(scores.get(i).chosen().logprob()).as("place %d", i).isEqualTo(-Math.abs(next - prompt[i]));
      assertThat(scores.get(i).top()).hasSize(TOP);
      assertThat(scores.get(i).top().getFirst().token()).isEqualTo(next);
      assertThat(scores.get(i).top().get(1).logprob()).isEqualTo(-1);
    }
  }

  private static Integer[] box(int[] tokens) {
    return Arrays.stream(tokens).boxed().toArray(Integer[]::new);
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  /** Lengths around the borders of chunks. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 2, 2 * CHUNK, 2 * CHUNK + 1, 300})
  void everyTokenOfThePromptHasItsProbability(int length) {
    start(2);
    int[] prompt = prompt(length, length);
    Completion completion = submit(prompt, scored(5)).await();
    check(completion.promptLogprobs(), prompt);
    assertThat(completion.text()).isEqualTo(expected(prompt, 5));
    assertThat(completion.logprobs()).isEmpty();
    assertThat(decoder.get().mostScored).isLessThanOrEqualTo(CHUNK + 1);
  }

  @Test
  void withoutAnAnswerThereIsOnlyThePrompt() {
    start(2);
    int[] prompt = prompt(1, 100);
    Completion completion = submit(prompt, scored(0)).await();
    check(completion.promptLogprobs(), prompt);
    assertThat(completion.text()).isEmpty();
    assertThat(completion.reason()).isEqualTo(FinishReason.LENGTH);
  }

  /** What is cached has no outputs; what is computed for them is cached for others. */
  @Test
  void nothingIsTakenFromTheCacheAndEverythingLeftThere() {
    start(2);
    int[] prompt = prompt(1, 100);
    submit(prompt, GenerationOptions.builder().maxTokens(3).build()).await();
    Completion scored = submit(prompt, scored(3)).await();
    check(scored.promptLogprobs(), prompt);
    assertThat(scored.usage().cachedTokens()).isZero();
    Completion again = submit(prompt, GenerationOptions.builder().maxTokens(3).build()).await();
    assertThat(again.promptLogprobs()).isEmpty();
    assertThat(again.usage().cachedTokens()).isEqualTo(99);
  }

  /** Two prompts never have more outputs in a step than one may have, and others are computed beside them. */
  @Test
  void severalPromptsShareTheRowsOfAStep() {
    start(4);
    CountDownLatch submitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(submitted);
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      running.add(submit(prompt(i, 150 + i), scored(4)));
    }
    running.add(submit(prompt(3, 40), GenerationOptions.builder().maxTokens(30).build()));
    submitted.countDown();
    for (int i = 0; i < 3; i++) {
      Completion completion = running.get(i).await();
      check(completion.promptLogprobs(), prompt(i, 150 + i));
      assertThat(completion.text()).isEqualTo(expected(prompt(i, 150 + i), 4));
    }
    assertThat(running.get(3).await().text()).isEqualTo(expected(prompt(3, 40), 30));
    assertThat(decoder.get().mostScored).isLessThanOrEqualTo(CHUNK + 4);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }

  /** A reader that reads nothing holds the prompt up, and only that one; suspended, it may use what it left in the cache. */
  @Test
  void aReaderThatFallsBehindLosesNothing() throws InterruptedException {
    start(1, 1000, 2, SpillConfig.toMemory(1 << 20));
    int[] prompt = prompt(7, 400);
    Generation slow = submit(prompt, scored(6));
    int[] other = prompt(8, 30);
    // With one slot, this one ends only if the other gives its slot away.
    assertThat(submit(other, GenerationOptions.builder().maxTokens(4).build()).await().text())
        .isEqualTo(expected(other, 4));
    List<TokenLogprobs> scores = new ArrayList<>();
    GenerationEvent.PromptLogprobs first =
        (GenerationEvent.PromptLogprobs) slow.poll(Duration.ofSeconds(30)).orElseThrow();
    scores.addAll(first.tokens());
    Completion rest = slow.await();
    scores.addAll(rest.promptLogprobs());
    check(scores, prompt);
    assertThat(rest.text()).isEqualTo(expected(prompt, 6));
    assertThat(loop.stats().preemptions()).isPositive();
  }

  /** Steps that are computed again hand out nothing twice. */
  @Test
  void whatGoesWrongOnTheWayChangesNothing() {
    start(2);
    decoder.get().script(Status.OK, Status.ABORTED, Status.OK, Status.NO_ROOM, Status.OK, Status.ABORTED);
    int[] prompt = prompt(5, 250);
    CountDownLatch submitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(submitted);
    Generation scored = submit(prompt, scored(8));
    Generation beside = submit(prompt(6, 200), scored(8));
    submitted.countDown();
    Completion completion = scored.await();
    check(completion.promptLogprobs(), prompt);
    assertThat(completion.text()).isEqualTo(expected(prompt, 8));
    check(beside.await().promptLogprobs(), prompt(6, 200));
  }

  /** In a cache that is too small for all, some are preempted in the middle of their prompts. */
  @Test
  void preemptedPromptsGoOnWhereTheyWere() {
    start(4, 600, 256, SpillConfig.none());
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      running.add(submit(prompt(i, 120), scored(150)));
    }
    for (int i = 0; i < 8; i++) {
      Completion completion = running.get(i).await();
      check(completion.promptLogprobs(), prompt(i, 120));
      assertThat(completion.text()).isEqualTo(expected(prompt(i, 120), 150));
    }
  }

  @Test
  void aFailureEndsTheOneRequest() {
    start(2);
    decoder.get().scoresFail = true;
    Generation scored = submit(prompt(1, 100), scored(3));
    assertThatThrownBy(scored::await)
        .isInstanceOfSatisfying(
            GenerationException.class,
            failure -> assertThat(failure.reason()).isEqualTo(GenerationException.Reason.DECODE_FAILED));
    int[] other = prompt(2, 50);
    assertThat(submit(other, GenerationOptions.builder().maxTokens(3).build()).await().text())
        .isEqualTo(expected(other, 3));
  }

  /** What had been generated before comes after all of the prompt, which was handed out then. */
  @Test
  void aGenerationThatGoesOnElsewhereDoesNotRepeatThem() {
    start(2);
    int[] prompt = prompt(3, 100);
    int[] whole = FakeDecoder.expected(prompt, 9, VOCABULARY);
    List<Integer> read = new ArrayList<>();
    Completion completion =
        loop.submit(
                Lineage.EMPTY,
                prompt.clone(),
                scored(9),
                List.of(),
                new FakeSampler(),
                null,
                null,
                Applicant.of(prompt, scored(9)),
                new Replay(Arrays.copyOf(whole, 4), read::add))
            .await();
    assertThat(completion.promptLogprobs()).isEmpty();
    assertThat(completion.text()).isEqualTo(expected(prompt, 9));
    assertThat(read).containsExactly(box(whole));
  }

  /** Shifting would drop tokens whose probabilities are wanted. */
  @Test
  void thePromptMustFit() {
    start(2);
    for (ContextOverflow overflow :
        List.of(new ContextOverflow.Shift(4), new ContextOverflow.Stop(), new ContextOverflow.Reject())) {
      assertThatThrownBy(() -> submit(prompt(1, 1000), scored(3).toBuilder().overflow(overflow).build()))
          .isInstanceOf(PromptTooLongException.class);
    }
    int[] fits = prompt(1, 990);
    Completion shifted = submit(fits, scored(30).toBuilder().overflow(new ContextOverflow.Shift(4)).build()).await();
    check(shifted.promptLogprobs(), fits);
    assertThat(shifted.usage().completionTokens()).isEqualTo(30);
  }
}
