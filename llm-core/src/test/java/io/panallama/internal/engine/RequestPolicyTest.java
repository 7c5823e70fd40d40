package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Precedence, time limits, what happens when the context is full, and whose fault a failed step is; on a virtual clock. */
@Timeout(60)
class RequestPolicyTest {
  private static final int VOCABULARY = 200;
  private static final GenerationOptions TEN = GenerationOptions.builder().maxTokens(10).build();

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private final AtomicLong clock = new AtomicLong(1_000_000_000L);
  private EngineFront loop;

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
    }
  }

  private void start(int slots, int mailbox, int batch, int context, int sequenceContext) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", slots, 1000, mailbox),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(batch, context, sequenceContext, VOCABULARY, 3 * slots));
              return decoder.get();
            },
            new ConcurrentLinkedQueue<>(),
            clock::get);
  }

  private Generation submit(int[] prompt, GenerationOptions options) {
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  private static int[] prompt(long seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY - 1).toArray();
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  // ---- time ----

  @Test
  void aTimeLimitEndsAGenerationWithWhatThereIs() {
    start(1, 64, 64, 2000, 1000);
    // A step takes a millisecond: one for the prompt with the first token, then one for each.
    decoder.get().beforeDecode = fake -> clock.addAndGet(1_000_000);
    int[] prompt = prompt(1, 20);
    Completion completion =
        submit(prompt, GenerationOptions.builder().timeLimit(Duration.ofMillis(12)).build()).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.TIME_LIMIT);
    assertThat(completion.usage().completionTokens()).isEqualTo(12);
    assertThat(completion.text()).isEqualTo(expected(prompt, 12));
  }

  @Test
  void aDeadlineThatHasPassedGivesAnEmptyAnswer() {
    start(1, 64, 64, 2000, 1000);
    Completion completion =
        submit(prompt(1, 20), TEN.toBuilder().deadline(Instant.now().minusSeconds(5)).build()).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.TIME_LIMIT);
    assertThat(completion.text()).isEmpty();
  }

  @Test
  void aDeadlineInAThousandYearsIsNone() {
    start(1, 64, 64, 2000, 1000);
    Instant farAway = Instant.now().plusSeconds(1000L * 365 * 24 * 3600);
    GenerationOptions options = TEN.toBuilder().deadline(farAway).timeLimit(Duration.ofDays(400_000)).build();
    assertThat(submit(prompt(1, 20), options).await().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void timeRunsOutInTheQueueToo() {
    start(1, 64, 64, 2000, 1000);
    CountDownLatch bothIn = new CountDownLatch(1);
    decoder.get().beforeDecode =
        fake -> {
          await(bothIn);
          clock.addAndGet(1_000_000);
        };
    Generation first = submit(prompt(1, 20), TEN.toBuilder().maxTokens(50).build());
    Generation second = submit(prompt(2, 20), TEN.toBuilder().timeLimit(Duration.ofMillis(5)).build());
    bothIn.countDown();
    assertThat(second.await().reason()).isEqualTo(FinishReason.TIME_LIMIT);
    assertThat(first.await().text()).isEqualTo(expected(prompt(1, 20), 50));
  }

  @Test
  void timeRunsOutWhileTheReaderIsBehind() throws InterruptedException {
    start(1, 4, 64, 2000, 1000);
    Generation unread = submit(prompt(1, 20), GenerationOptions.builder().timeLimit(Duration.ofMillis(5)).build());
    while (loop.stats().generatedTokens() < 4) {
      Thread.sleep(1);
    }
    clock.addAndGet(6_000_000);
    loop.caughtUp();
    assertThat(unread.await().reason()).isEqualTo(FinishReason.TIME_LIMIT);
  }

  @Test
  void whatMayBeginAStopTextIsNotLostWhenTimeRunsOut() {
    start(1, 64, 64, 2000, 1000);
    decoder.get().beforeDecode = fake -> clock.addAndGet(1_000_000);
    int[] prompt = prompt(1, 20);
    String text = expected(prompt, 5);
    Generation generation =
        loop.submit(
            prompt.clone(),
            GenerationOptions.builder().timeLimit(Duration.ofMillis(5)).build(),
            List.of(text.substring(2) + "and more"),
            new FakeSampler(),
            null);
    assertThat(generation.await().text()).isEqualTo(text);
  }

  // ---- precedence ----

  @Test
  void theNextSlotGoesToTheHighestPriority() {
    start(1, 64, 64, 2000, 1000);
    CountDownLatch allIn = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(allIn);
    submit(prompt(1, 20), TEN);
    List<Integer> priorities = List.of(3, 9, 5, 9, 0);
    List<Integer> order = new ArrayList<>();
    List<Generation> waiting = new ArrayList<>();
    for (int i = 0; i < priorities.size(); i++) {
      waiting.add(submit(prompt(10 + i, 100 + 2 * i), TEN.toBuilder().priority(priorities.get(i)).build()));
    }
    allIn.countDown();
    waiting.forEach(Generation::await);
    loop.close();
    for (FakeDecoder.Step step : decoder.get().steps) {
      // A prompt of 100 + 2 i tokens is computed in two halves, which tell them apart.
      int number = step.size() - 50;
      if (number >= 0 && (order.isEmpty() || order.getLast() != number)) {
        order.add(number);
      }
    }
    assertThat(order).containsExactly(1, 3, 2, 0, 4);
  }

  // ---- a full context ----

  @Test
  void aPromptThatIsTooLongIsRefusedWithBothCounts() {
    start(1, 64, 64, 2000, 50);
    assertThatThrownBy(() -> submit(prompt(1, 50), TEN))
        .isInstanceOfSatisfying(
            PromptTooLongException.class,
            refusal -> {
              assertThat(refusal.promptTokens()).isEqualTo(50);
              assertThat(refusal.contextSize()).isEqualTo(50);
            });
  }

  @Test
  void stopAnswersAPromptThatIsTooLongWithNothing() {
    start(1, 64, 64, 2000, 50);
    GenerationOptions options = TEN.toBuilder().overflow(new ContextOverflow.Stop()).build();
    Completion completion = submit(prompt(1, 60), options).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(completion.text()).isEmpty();
    assertThat(completion.usage().promptTokens()).isEqualTo(60);
    assertThat(loop.stats().running() + loop.stats().waiting()).isZero();
    assertThat(submit(prompt(1, 45), options).await().text()).isEqualTo(expected(prompt(1, 45), 5));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shiftGoesOnWithoutTheOldestTokens(boolean canRemovePart) {
    start(2, 64, 16, 2000, 50);
    decoder.get().canRemovePart = canRemovePart;
    for (int keep : new int[] {0, 7, 48}) {
      for (int length : new int[] {10, 49, 50, 120}) {
        int[] prompt = prompt(length, length);
        GenerationOptions options = TEN.toBuilder().maxTokens(100).overflow(new ContextOverflow.Shift(keep)).build();
        Completion completion = submit(prompt, options).await();
        assertThat(completion.text())
            .as("keep %d of %d", keep, length)
            .isEqualTo(FakeDecoder.text(FakeDecoder.expectedWithShift(prompt, 100, 50, keep, VOCABULARY)));
        assertThat(completion.reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(completion.usage().promptTokens()).isEqualTo(length);
        assertThat(completion.usage().completionTokens()).isEqualTo(100);
        assertThat(completion.usage().discardedTokens()).isGreaterThan(length + 100 - 51);
      }
    }
  }

  @Test
  void aShiftDoesNotTouchThoseThatShareTheBeginning() {
    start(3, 4, 16, 400, 60);
    int[] beginning = prompt(1, 40);
    GenerationOptions shifting = TEN.toBuilder().maxTokens(80).overflow(new ContextOverflow.Shift(4)).build();
    List<Generation> generations = new ArrayList<>();
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int[] prompt = Arrays.copyOf(beginning, 45);
      System.arraycopy(prompt(50 + i, 5), 0, prompt, 40, 5);
      prompts.add(prompt);
      generations.add(submit(prompt, i % 2 == 0 ? shifting : TEN));
    }
    for (int i = 0; i < 6; i++) {
      String whole =
          i % 2 == 0
              ? FakeDecoder.text(FakeDecoder.expectedWithShift(prompts.get(i), 80, 60, 4, VOCABULARY))
              : expected(prompts.get(i), 10);
      assertThat(generations.get(i).await().text()).as("request %d", i).isEqualTo(whole);
    }
  }

  @Test
  void moreCannotBeKeptThanFits() {
    start(1, 64, 64, 2000, 50);
    assertThatThrownBy(() -> submit(prompt(1, 10), TEN.toBuilder().overflow(new ContextOverflow.Shift(49)).build()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("overflow.keep is 49; the context of 50 tokens allows 0 to 48.");
  }

  // ---- a step that fails ----

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRequestThatBreaksTheBatchEndsAlone(boolean canRemovePart) {
    start(6, 64, 32, 2000, 1000);
    decoder.get().canRemovePart = canRemovePart;
    decoder.get().poison = VOCABULARY - 1;
    CountDownLatch allIn = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(allIn);
    List<Generation> good = new ArrayList<>();
    List<Generation> bad = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int[] prompt = prompt(i, 40);
      if (i % 3 == 1) {
        prompt[25] = VOCABULARY - 1;
        bad.add(submit(prompt, TEN));
      } else {
        good.add(submit(prompt, TEN));
      }
    }
    allIn.countDown();
    for (Generation generation : bad) {
      assertThatThrownBy(generation::await)
          .isInstanceOfSatisfying(
              GenerationException.class,
              failure -> assertThat(failure.reason()).isEqualTo(GenerationException.Reason.DECODE_FAILED));
    }
    int[] seeds = {0, 2, 3, 5};
    for (int i = 0; i < seeds.length; i++) {
      // One that generates the poison itself fails rightly.
      int[] tokens = FakeDecoder.expected(prompt(seeds[i], 40), 10, VOCABULARY);
      assertThat(tokens).as("this seed is of no use").doesNotContain(VOCABULARY - 1);
      assertThat(good.get(i).await().text()).isEqualTo(FakeDecoder.text(tokens));
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }
}
