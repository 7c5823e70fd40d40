package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.engine.FakeDecoder.FakeDeferred;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Samples whose grammars are so expensive that they are taken on a thread of their own. */
@Timeout(60)
class DeferredSampleTest {
  private static final int VOCABULARY = 200;
  private static final int[] SLOW = prompt(1, 10);
  private static final int[] FAST = prompt(2, 12);

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch answer = new CountDownLatch(1);
  private final FakeSampler expensive = new FakeSampler();
  private EngineFront loop;

  @BeforeEach
  void start() {
    start(500, 250);
  }

  private void start(int cells, int sequenceCells) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", 2, 8, 1000),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(64, cells, sequenceCells, VOCABULARY, 6));
              return decoder.get();
            },
            new ConcurrentLinkedQueue<>(),
            System::nanoTime);
    decoder.get().defers = sampler -> sampler == expensive;
  }

  @AfterEach
  void close() {
    loop.close();
    assertThat(decoder.get().openDeferred).hasValue(0);
  }

  private static int[] prompt(long seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY - 1).toArray();
  }

  private static GenerationOptions tokens(int count) {
    return GenerationOptions.builder().maxTokens(count).build();
  }

  private Generation slow(GenerationOptions options) {
    return loop.submit(SLOW.clone(), options, List.of(), expensive, null);
  }

  private Generation fast(int count) {
    return loop.submit(FAST.clone(), tokens(count), List.of(), new FakeSampler(), null);
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  private void blockUntilAnswered(FakeDeferred sample) {
    begun.countDown();
    await(answer);
  }

  private void blockUntilCancelled(FakeDeferred sample) {
    begun.countDown();
    await(sample.cancelled);
    sample.fails = true;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException unwanted) {
      throw new AssertionError(unwanted);
    }
  }

  @Test
  void theTokensAreThoseOfTheRule() {
    AtomicInteger samples = new AtomicInteger();
    decoder.get().work = sample -> samples.incrementAndGet();
    assertThat(slow(tokens(40)).await().text()).isEqualTo(expected(SLOW, 40));
    assertThat(samples).hasValue(40);
    assertThat(loop.stats().generatedTokens()).isEqualTo(40);
  }

  @Test
  void theOthersGoOnMeanwhile() {
    decoder.get().work = this::blockUntilAnswered;
    Generation slow = slow(tokens(20));
    await(begun);
    for (int i = 0; i < 3; i++) {
      assertThat(fast(50).await().text()).isEqualTo(expected(FAST, 50));
    }
    answer.countDown();
    assertThat(slow.await().text()).isEqualTo(expected(SLOW, 20));
  }

  @Test
  void oneThatFailsEndsItsGenerationOnly() {
    decoder.get().work = sample -> sample.fails = true;
    Generation fast = fast(100);
    assertThatThrownBy(() -> slow(tokens(20)).await())
        .isInstanceOfSatisfying(
            GenerationException.class, failed -> assertThat(failed.reason()).isEqualTo(Reason.GRAMMAR_LIMIT))
        .hasMessageContaining("The next token took too much");
    assertThat(fast.await().text()).isEqualTo(expected(FAST, 100));
  }

  @Test
  void closingTheEngineCancelsTheWork() {
    decoder.get().work = this::blockUntilCancelled;
    Generation slow = slow(tokens(20));
    await(begun);
    loop.close();
    assertThatThrownBy(slow::await)
        .isInstanceOfSatisfying(
            GenerationException.class, failed -> assertThat(failed.reason()).isEqualTo(Reason.ENGINE_CLOSED));
    awaitRelease();
  }

  @Test
  void cancellingTheGenerationCancelsTheWork() {
    decoder.get().work = this::blockUntilCancelled;
    Generation slow = slow(tokens(20));
    await(begun);
    slow.cancel();
    assertThat(slow.await().reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(fast(10).await().text()).isEqualTo(expected(FAST, 10));
    awaitRelease();
  }

  /** The sampler is closed by the thread that has used it last. */
  private void awaitRelease() {
    while (!expensive.closed || decoder.get().openDeferred.get() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void whatIsTakenWhileTheSequenceHadToMakeRoomCountsWhenItIsBack() {
    loop.close();
    start(140, 130);
    decoder.get().work =
        sample -> {
          if (begun.getCount() > 0) {
            begun.countDown();
            while (loop.stats().preemptions() == 0) {
              Thread.onSpinWait();
            }
          }
        };
    CountDownLatch both = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(both);
    int[] older = prompt(3, 10);
    // The older one fills the context beside the cells of the other, which is pushed out while its sample is taken.
    Generation first = loop.submit(older.clone(), tokens(115), List.of(), new FakeSampler(), null);
    Generation slow = loop.submit(prompt(4, 30), tokens(20), List.of(), expensive, null);
    both.countDown();
    assertThat(first.await().text()).isEqualTo(expected(older, 115));
    assertThat(slow.await().text()).isEqualTo(expected(prompt(4, 30), 20));
  }

  @Test
  void aProcessorGetsTheCandidatesOfADeferredSample() {
    AtomicInteger asked = new AtomicInteger();
    LogitProcessing processing =
        LogitProcessing.builder(() -> candidates -> asked.incrementAndGet()).maxCandidates(2).build();
    assertThat(slow(tokens(12).toBuilder().processing(processing).build()).await().text())
        .isEqualTo(expected(SLOW, 12));
    assertThat(asked).hasValue(12);
    assertThat(loop.stats().generatedTokens()).isEqualTo(12);
  }
}
