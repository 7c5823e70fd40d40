package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.KvMemory.Rewind;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.internal.schedule.Applicant;
import io.panallama.observe.EngineState;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class EngineLoopTest {
  private static final int VOCABULARY = 200;
  private static final GenerationOptions TEN = GenerationOptions.builder().maxTokens(10).build();

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private EngineFront loop;

  @AfterEach
  void closeLoop() {
    if (loop != null) {
      loop.close();
      assertThat(decoder.get().closed).isTrue();
    }
  }

  private void start(int slots, int queue, int mailbox, int batch, int context, int sequenceContext) {
    start(slots, queue, mailbox, batch, context, sequenceContext, slots);
  }

  private void start(int slots, int queue, int mailbox, int batch, int context, int sequenceContext, int sequenceIds) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", slots, queue, mailbox),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(batch, context, sequenceContext, VOCABULARY, sequenceIds));
              return decoder.get();
            });
  }

  private Generation submit(int[] prompt, GenerationOptions options) {
    return loop.submit(prompt.clone(), options, options.stops(), new FakeSampler(), null);
  }

  private static int[] prompt(long seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY).toArray();
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  @Test
  void givesTheTextThatTheModelGivesAlone() {
    start(4, 4, 16, 8, 512, 128);
    int[] prompt = prompt(1, 30);
    Completion completion = submit(prompt, TEN).await();
    assertThat(completion.text()).isEqualTo(expected(prompt, 10));
    assertThat(completion.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(completion.usage().promptTokens()).isEqualTo(30);
    assertThat(completion.usage().completionTokens()).isEqualTo(10);
  }

  @Test
  void tellsWhereThePromptBeganAndHowFarItIs() {
    start(4, 4, 16, 8, 512, 128);
    Generation generation = submit(prompt(1, 30), GenerationOptions.builder().maxTokens(3).build());
    generation.await();
    List<PromptProgress> states =
        Stream.generate(generation::promptProgress).takeWhile(Optional::isPresent).map(Optional::orElseThrow).toList();
    assertThat(states).extracting(PromptProgress::processed).containsExactly(0, 30);
    assertThat(states).allMatch(state -> state.total() == 30 && state.cached() == 0);
    assertThat(states).isSortedAccordingTo(Comparator.comparing(PromptProgress::elapsed));
  }

  @Test
  void prefillsInChunksOfTheBatch() {
    start(4, 4, 16, 8, 512, 128);
    submit(prompt(1, 30), GenerationOptions.builder().maxTokens(1).build()).await();
    loop.close();
    assertThat(decoder.get().steps).extracting(FakeDecoder.Step::size).containsExactly(8, 8, 7, 7);
    assertThat(decoder.get().steps).extracting(FakeDecoder.Step::outputs).containsExactly(0, 0, 0, 1);
  }

  @Test
  void runningGenerationsAndPromptsAreComputedBySeparateCalls() {
    start(3, 8, 200, 64, 512, 128);
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch submitted = new CountDownLatch(1);
    decoder.get().beforeDecode =
        fake -> {
          if (fake.steps.size() == 3) {
            running.countDown();
            await(submitted);
          }
        };
    Generation first = submit(prompt(1, 5), GenerationOptions.builder().maxTokens(100).build());
    await(running);
    Generation second = submit(prompt(2, 40), TEN);
    submitted.countDown();
    assertThat(first.await().text()).isEqualTo(expected(prompt(1, 5), 100));
    assertThat(second.await().text()).isEqualTo(expected(prompt(2, 40), 10));
    loop.close();
    List<FakeDecoder.Step> prompts = decoder.get().steps.stream().filter(step -> step.size() >= 40).toList();
    assertThat(prompts).hasSize(1);
    assertThat(prompts.getFirst().tokens()).as("the prompt alone").hasSize(1);
    assertThat(decoder.get().steps).as("and both together afterwards").anyMatch(step -> step.tokens().size() == 2);
    assertThat(loop.stats().steps()).as("two calls make one step").isLessThan(decoder.get().steps.size());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8})
  void manyAtOnceGiveWhatEachGivesAlone(int slots) {
    start(slots, 64, 4, Math.max(slots, 7), 700, 120);
    List<int[]> prompts = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      prompts.add(prompt(i, 1 + (i * 13) % 60));
    }
    for (int[] prompt : prompts.subList(0, slots + 10)) {
      generations.add(submit(prompt, TEN));
    }
    for (int i = 0; i < generations.size(); i++) {
      assertThat(generations.get(i).await().text()).isEqualTo(expected(prompts.get(i), 10));
    }
  }

  @Test
  void survivesAFullCacheByComputingTheYoungestAgain() {
    // Room for 100 cells, three sequences that grow to 60 each.
    start(3, 8, 64, 16, 100, 90);
    CountDownLatch allSubmitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(allSubmitted);
    List<int[]> prompts = List.of(prompt(1, 10), prompt(2, 10), prompt(3, 10));
    GenerationOptions fifty = GenerationOptions.builder().maxTokens(50).build();
    List<Generation> generations = prompts.stream().map(prompt -> submit(prompt, fifty)).toList();
    allSubmitted.countDown();
    for (int i = 0; i < prompts.size(); i++) {
      assertThat(generations.get(i).await().text()).isEqualTo(expected(prompts.get(i), 50));
    }
    assertThat(loop.stats().preemptions()).isPositive();
  }

  /** Room for 100 cells, two sequences that grow to 60 each: the older one has the lower priority, and ends last. */
  @Test
  void aFullCachePreemptsTheLowerPriorityHoweverOldItIs() {
    start(2, 8, 64, 16, 100, 90);
    CountDownLatch bothSubmitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(bothSubmitted);
    List<String> ended = new CopyOnWriteArrayList<>();
    Generation low = submit(prompt(1, 10), 0, () -> ended.add("low"));
    Generation high = submit(prompt(2, 10), 5, () -> ended.add("high"));
    bothSubmitted.countDown();
    assertThat(low.await().text()).isEqualTo(expected(prompt(1, 10), 50));
    assertThat(high.await().text()).isEqualTo(expected(prompt(2, 10), 50));
    assertThat(loop.stats().preemptions()).isEqualTo(1);
    assertThat(ended).containsExactly("high", "low");
  }

  private Generation submit(int[] prompt, int priority, Runnable whenEnded) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(50).priority(priority).build();
    SequenceListener listener =
        new SequenceListener() {
          @Override
          public void ended(int[] tokens) {
            whenEnded.run();
          }

          @Override
          public void failed() {}
        };
    return loop.submit(prompt, options, List.of(), new FakeSampler(), listener);
  }

  @Test
  void endsWithContextFullWhereTheSequenceEnds() {
    start(2, 2, 64, 16, 512, 40);
    int[] prompt = prompt(5, 30);
    Completion completion = submit(prompt, GenerationOptions.defaults()).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(completion.text()).isEqualTo(expected(prompt, 10));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void computesAnAbortedStepAgain(boolean canRemovePart) {
    start(2, 2, 64, 16, 512, 128);
    decoder.get().canRemovePart = canRemovePart;
    decoder.get().script(Status.OK, Status.ABORTED, Status.OK, Status.OK, Status.ABORTED);
    int[] prompt = prompt(7, 40);
    assertThat(submit(prompt, TEN).await().text()).isEqualTo(expected(prompt, 10));
  }

  @Test
  void aFailedStepEndsItsGenerationsAndTheEngineGoesOn() {
    start(2, 2, 64, 16, 512, 128);
    decoder.get().script(Status.OK, Status.FAILED);
    assertThatThrownBy(() -> submit(prompt(7, 20), TEN).await())
        .isInstanceOf(GenerationException.class)
        .hasMessageContaining("scripted failure");
    int[] prompt = prompt(8, 20);
    assertThat(submit(prompt, TEN).await().text()).isEqualTo(expected(prompt, 10));
  }

  @Test
  void whoeverIsBeingLetInHearsOfTheEndOfTheEngineToo() {
    start(1, 2, 64, 16, 512, 128, 3);
    int[] prompt = prompt(7, 40);
    submit(prompt, TEN).await();
    // The cache believes otherwise, and the fake dies of being asked to share.
    decoder.get().rewind = Rewind.NEVER;
    assertThatThrownBy(() -> submit(prompt, TEN).await())
        .isInstanceOf(GenerationException.class)
        .hasMessageContaining("can't be shared");
  }

  @Test
  void aCancellationIsNotLostWhenTheEngineWaitsForALock() throws InterruptedException {
    start(2, 2, 4, 16, 512, 128);
    CountDownLatch awake = new CountDownLatch(1);
    AtomicReference<Generation> unread = new AtomicReference<>();
    SequenceListener listener =
        new SequenceListener() {
          @Override
          public void ended(int[] tokens) {
            await(awake);
            // While the engine thread waits for a lock, which takes the wake-up that comes with the cancellation.
            unread.get().cancel();
            LockSupport.park();
          }

          @Override
          public void failed() {}
        };
    Generation first = loop.submit(prompt(2, 20), GenerationOptions.defaults(), List.of(), new FakeSampler(), listener);
    unread.set(submit(prompt(1, 20), GenerationOptions.defaults()));
    while (loop.stats().generatedTokens() < 8) {
      Thread.onSpinWait();
    }
    first.cancel();
    awake.countDown();
    // Reading would wake the engine.
    while (loop.stats().running() > 0) {
      Thread.sleep(1);
    }
    assertThat(unread.get().await().reason()).isEqualTo(FinishReason.CANCELLED);
  }

  @Test
  void refusesWhatFitsNeitherSlotsNorQueue() {
    start(1, 1, 64, 16, 512, 128);
    CountDownLatch gate = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(gate);
    Generation running = submit(prompt(1, 5), TEN);
    Generation waiting = submit(prompt(2, 5), TEN);
    assertThatThrownBy(() -> submit(prompt(3, 5), TEN))
        .isInstanceOfSatisfying(
            EngineBusyException.class,
            busy -> {
              assertThat(busy.queueLimit()).isEqualTo(1);
              assertThat(busy.retryAfter()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            });
    gate.countDown();
    running.await();
    waiting.await();
    assertThat(submit(prompt(3, 5), TEN).await().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void refusesAPromptThatFillsTheContext() {
    start(1, 1, 64, 16, 512, 128);
    assertThatThrownBy(() -> submit(prompt(1, 128), TEN))
        .isInstanceOfSatisfying(
            PromptTooLongException.class,
            tooLong -> {
              assertThat(tooLong.promptTokens()).isEqualTo(128);
              assertThat(tooLong.contextSize()).isEqualTo(128);
            });
  }

  @Test
  void cancelInsideAPrefillAbortsTheStepAndSparesTheOthers() {
    start(2, 2, 64, 64, 512, 128);
    CountDownLatch bothInBatch = new CountDownLatch(1);
    int[] other = prompt(2, 30);
    decoder.get().beforeDecode =
        fake -> {
          bothInBatch.countDown();
          fake.beforeDecode = none -> {};
          fake.awaitAbortRequest();
        };
    Generation cancelled = submit(prompt(1, 60), TEN);
    Generation spared = submit(other, TEN);
    await(bothInBatch);
    cancelled.cancel();
    assertThat(cancelled.await().reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(spared.await().text()).isEqualTo(expected(other, 10));
  }

  @Test
  void closingAGenerationFreesItsCells() {
    start(2, 2, 4, 64, 512, 128);
    try (Generation generation = submit(prompt(1, 20), GenerationOptions.defaults())) {
      generation.iterator().next();
    }
    // A later generation reuses the slot; the fake refuses positions that do not continue what is there.
    int[] prompt = prompt(2, 20);
    assertThat(submit(prompt, TEN).await().text()).isEqualTo(expected(prompt, 10));
    loop.close();
    assertThat(decoder.get().cells()).isZero();
  }

  @Test
  void aReaderThatStopsReadingDoesNotStopTheOthers() throws InterruptedException {
    start(2, 2, 4, 64, 1024, 500);
    int[] slow = prompt(1, 10);
    int[] fast = prompt(2, 10);
    Generation unread = submit(slow, GenerationOptions.builder().maxTokens(100).build());
    Generation read = submit(fast, GenerationOptions.builder().maxTokens(400).build());
    assertThat(read.await().text()).isEqualTo(expected(fast, 400));
    // It was ahead by no more than its mailbox allows, and now gives everything.
    assertThat(loop.stats().generatedTokens()).isLessThanOrEqualTo(400 + 5);
    assertThat(unread.await().text()).isEqualTo(expected(slow, 100));
  }

  @Test
  void stopTextsAreFoundAcrossTokensAndAreNotPartOfTheOutput() {
    start(1, 1, 64, 64, 512, 128);
    int[] prompt = prompt(9, 10);
    String whole = expected(prompt, 40);
    String stop = whole.substring(20, 24);
    Completion completion = submit(prompt, GenerationOptions.builder().maxTokens(40).stops(stop).build()).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.STOP_TEXT);
    assertThat(completion.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
  }

  @Test
  void whatWasHeldBackForAStopIsGivenAtTheEnd() {
    start(1, 1, 1, 64, 512, 128);
    int[] prompt = prompt(9, 10);
    String whole = expected(prompt, 10);
    String begun = whole.substring(7) + "never";
    Completion completion = submit(prompt, TEN.toBuilder().stops(begun).build()).await();
    assertThat(completion.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(completion.text()).isEqualTo(whole);
  }

  @Test
  void closingTheEngineEndsEveryGenerationWithATypedError() {
    start(2, 8, 2, 64, 512, 128);
    List<Generation> generations = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      generations.add(submit(prompt(i, 10), GenerationOptions.defaults()));
    }
    loop.close();
    loop.close();
    for (Generation generation : generations) {
      assertThatThrownBy(generation::await)
          .isInstanceOfSatisfying(
              GenerationException.class,
              ended -> assertThat(ended.reason()).isEqualTo(GenerationException.Reason.ENGINE_CLOSED));
    }
    assertThatThrownBy(() -> submit(prompt(1, 5), TEN)).isInstanceOf(EngineClosedException.class);
    assertThat(loop.state()).isEqualTo(EngineState.CLOSED);
  }

  @Test
  void aDecoderThatCannotBeMadeIsReportedToTheStarter() {
    assertThatThrownBy(() ->
            EngineFront.start(
                new EngineSettings("test-engine", 1, 1, 1),
                FakeDecoder.letters(VOCABULARY),
                () -> {
                  throw new IllegalArgumentException("no decoder today");
                }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no decoder today");
  }

  @Test
  void anEngineThatDiesFailsItsGenerations() {
    start(1, 1, 8, 16, 512, 128);
    decoder.get().beforeDecode =
        fake -> {
          throw new IllegalStateException("the fake died");
        };
    Generation generation = submit(prompt(1, 5), TEN);
    assertThatThrownBy(generation::await).isInstanceOf(GenerationException.class).hasMessageContaining("the fake died");
    loop.awaitEnd(Duration.ofSeconds(20));
    assertThatThrownBy(() -> submit(prompt(1, 5), TEN))
        .isInstanceOf(EngineFailedException.class)
        .hasRootCauseMessage("the fake died");
    assertThatThrownBy(() -> loop.reserve(Applicant.of(prompt(1, 5), TEN), 1))
        .isInstanceOf(EngineFailedException.class);
    assertThatThrownBy(loop::requireOpen).isInstanceOf(EngineFailedException.class);
    assertThat(loop.state()).isEqualTo(EngineState.FAILED);
    assertThat(loop.failure()).hasMessage("the fake died");
  }

  @Test
  void pollGivesNothingAfterItsTimeoutAndTheEndOnce() throws InterruptedException {
    start(1, 1, 8, 16, 512, 128);
    CountDownLatch gate = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(gate);
    Generation generation = submit(prompt(1, 5), GenerationOptions.builder().maxTokens(1).build());
    assertThat(generation.poll(Duration.ofMillis(1))).isEmpty();
    gate.countDown();
    assertThat(generation.poll(Duration.ofSeconds(20))).get().isInstanceOf(GenerationEvent.Text.class);
    assertThat(generation.poll(Duration.ofSeconds(20))).get().isInstanceOf(GenerationEvent.Finished.class);
    assertThatThrownBy(() -> generation.poll(Duration.ZERO)).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void reportsLogprobsOfEveryToken() {
    start(1, 1, 8, 16, 512, 128);
    int[] prompt = prompt(1, 5);
    int[] tokens = FakeDecoder.expected(prompt, 10, VOCABULARY);
    List<Integer> reported = new ArrayList<>();
    for (GenerationEvent event : submit(prompt, TEN.toBuilder().topLogprobs(1).build())) {
      if (event instanceof GenerationEvent.Text text) {
        text.logprobs().forEach(logprobs -> reported.add(logprobs.chosen().token()));
        text.logprobs().forEach(one -> assertThat(one.top()).containsExactly(one.chosen()));
      }
    }
    assertThat(reported).containsExactlyElementsOf(Arrays.stream(tokens).boxed().toList());
  }

  @Test
  void samplersAreClosedWithTheirGenerations() {
    start(1, 1, 8, 16, 512, 128);
    FakeSampler sampler = new FakeSampler();
    loop.submit(prompt(1, 5), TEN, List.of(), sampler, null).await();
    loop.close();
    assertThat(sampler.closed).isTrue();
  }

  @Test
  void aGenerationCancelledRightAfterTheEngineEmptiedItsInboxEnds() {
    AtomicReference<Runnable> whenEmpty = new AtomicReference<>();
    Queue<Sequence> inbox =
        new ConcurrentLinkedQueue<>() {
          private static final long serialVersionUID = 1L;

          @Override
          public Sequence poll() {
            Sequence next = super.poll();
            Runnable action = next == null ? whenEmpty.getAndSet(null) : null;
            if (action != null) {
              action.run();
            }
            return next;
          }
        };
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", 2, 2, 16),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(64, 512, 128, VOCABULARY, 2));
              return decoder.get();
            },
            inbox,
            System::nanoTime);
    CompletableFuture<Generation> late = new CompletableFuture<>();
    whenEmpty.set(() -> {
      Generation generation = submit(prompt(1, 5), GenerationOptions.defaults());
      generation.cancel();
      late.complete(generation);
    });
    loop.caughtUp();
    assertThat(late.join().await().reason()).isEqualTo(FinishReason.CANCELLED);
  }

  @Test
  void aPlaceIsFreeAsSoonAsTheReaderKnowsTheEnd() {
    start(1, 0, 16, 64, 512, 128);
    for (int i = 0; i < 2000; i++) {
      assertThat(submit(new int[] {1, 2, 3}, TEN.toBuilder().maxTokens(1).build()).await().reason())
          .isEqualTo(FinishReason.LENGTH);
      assertThat(loop.stats().running() + loop.stats().waiting()).isZero();
    }
  }

  @Test
  void aRequestThatCannotBeQueuedTakesNoPlace() {
    start(1, 0, 16, 64, 512, 128);
    List<String> broken = Arrays.asList((String) null);
    assertThatThrownBy(() -> loop.submit(prompt(1, 5), TEN, broken, new FakeSampler(), null))
        .isInstanceOf(NullPointerException.class);
    assertThat(loop.stats().waiting()).isZero();
    assertThat(submit(prompt(1, 5), TEN).await().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void anEmptyStopOfAChatTemplateIsPassedOver() {
    start(1, 1, 16, 64, 512, 128);
    int[] prompt = prompt(1, 5);
    assertThat(loop.submit(prompt.clone(), TEN, List.of(""), new FakeSampler(), null).await().text())
        .isEqualTo(expected(prompt, 10));
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.class,
      names = {"ABORTED", "FAILED"})
  void aStepThatBreaksAMemoryThatCannotGoBackSparesTheSequencesThatSatOut(Status broken) throws InterruptedException {
    start(2, 2, 4, 64, 1024, 500);
    decoder.get().canRemovePart = false;
    int[] slow = prompt(1, 10);
    Generation unread = submit(slow, GenerationOptions.builder().maxTokens(20).build());
    while (loop.stats().generatedTokens() < 4) {
      Thread.sleep(1);
    }
    decoder.get().script(broken);
    Generation other = submit(prompt(2, 10), TEN);
    if (broken == Status.FAILED) {
      assertThatThrownBy(other::await).isInstanceOf(GenerationException.class);
    } else {
      assertThat(other.await().reason()).isEqualTo(FinishReason.LENGTH);
    }
    assertThat(unread.await().text()).isEqualTo(expected(slow, 20));
  }

  @Test
  void aLoopOverAGenerationThatIsClosedMeanwhileEnds() {
    start(1, 1, 16, 64, 512, 128);
    Generation generation = submit(prompt(1, 5), GenerationOptions.defaults());
    for (GenerationEvent event : generation) {
      assertThat(event).isInstanceOf(GenerationEvent.Text.class);
      generation.close();
    }
    assertThatThrownBy(generation::await).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
  }

  @Test
  void aShutdownDoesNotWaitForAStepThatDoesNotEnd() {
    start(1, 1, 16, 64, 512, 128);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch computing = new CountDownLatch(1);
    decoder.get().beforeDecode =
        fake -> {
          computing.countDown();
          await(gate);
        };
    submit(prompt(1, 5), TEN);
    await(computing);
    loop.requestClose();
    assertThat(loop.awaitEnd(Duration.ofMillis(20))).isFalse();
    gate.countDown();
    assertThat(loop.awaitEnd(Duration.ofSeconds(20))).isTrue();
  }

  @Test
  void anyTimeoutMayBeWaitedFor() throws InterruptedException {
    start(1, 1, 16, 64, 512, 128);
    Generation generation = submit(prompt(1, 5), TEN);
    assertThat(generation.poll(Duration.ofSeconds(Long.MAX_VALUE))).isPresent();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }
}
