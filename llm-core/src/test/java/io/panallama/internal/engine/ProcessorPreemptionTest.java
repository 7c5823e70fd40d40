package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Candidates;
import io.panallama.sampling.LogitProcessing;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A sequence has to make room while its processor is still thinking. */
@Timeout(60)
class ProcessorPreemptionTest {
  private static final int VOCABULARY = 200;

  /** The token at which the processor does not answer. */
  private static final int SLOW_STEP = 3;

  private static final int OLDER_TOKENS = 115;
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int[] OLDER = prompt(1, 10);
  private static final int[] YOUNGER = prompt(2, 30);

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private final AtomicLong ahead = new AtomicLong();
  private final CountDownLatch slow = new CountDownLatch(1);
  private final CountDownLatch answer = new CountDownLatch(1);
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private EngineFront loop;

  /** The older one fills a context of 140 cells beside the 33 of the other. */
  @BeforeEach
  void start() {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", 2, 8, 1000),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              decoder.set(new FakeDecoder(64, 140, 130, VOCABULARY, 6));
              return decoder.get();
            },
            new ConcurrentLinkedQueue<>(),
            () -> System.nanoTime() + ahead.get());
  }

  @AfterEach
  void close() {
    loop.close();
  }

  private static int[] prompt(long seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY - 1).toArray();
  }

  private Generation submit(int[] prompt, GenerationOptions options) {
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  /** Does not answer at one token before it is allowed to, and prefers the second candidate there. */
  private void process(Candidates candidates) {
    if (candidates.step() != SLOW_STEP) {
      return;
    }
    slow.countDown();
    try {
      answer.await();
    } catch (InterruptedException unwanted) {
      interrupted.countDown();
      return;
    }
    candidates.logit(1, 2);
  }

  /**
   * Starts both, the older one first; its first step waits for the other.
   *
   * @param whenPushedOut is called on the engine thread, behind the step for which the younger one made room
   * @return the older and the younger one
   */
  private List<Generation> startBoth(Consumer<Generation> whenPushedOut) {
    CompletableFuture<Generation> younger = new CompletableFuture<>();
    decoder.get().beforeDecode =
        fake -> {
          Generation submitted = younger.join();
          if (loop.stats().preemptions() > 0) {
            fake.beforeDecode = _ -> {};
            // It was asked before it was pushed out; its thread may not have got to run yet.
            await(slow);
            whenPushedOut.accept(submitted);
          } else {
            // Does not outrun the processor, which must be asked its last question before the context is full.
            pause();
          }
        };
    Generation older = submit(OLDER, GenerationOptions.builder().maxTokens(OLDER_TOKENS).build());
    LogitProcessing processing = LogitProcessing.builder(() -> this::process).timeLimit(LIMIT).maxCandidates(2).build();
    younger.complete(submit(YOUNGER, GenerationOptions.builder().maxTokens(20).processing(processing).build()));
    return List.of(older, younger.join());
  }

  private void pause() {
    try {
      if (slow.getCount() > 0) {
        slow.await(20, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException unwanted) {
      throw new AssertionError(unwanted);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException unwanted) {
      throw new AssertionError(unwanted);
    }
  }

  private static void assertUntouched(Generation older) {
    assertThat(older.await().text()).isEqualTo(FakeDecoder.text(FakeDecoder.expected(OLDER, OLDER_TOKENS, VOCABULARY)));
  }

  @Test
  void whatItAnswersMeanwhileCountsWhenTheSequenceIsBack() {
    List<Generation> both = startBoth(_ -> answer.countDown());
    assertUntouched(both.get(0));
    int[] before = FakeDecoder.expected(YOUNGER, SLOW_STEP + 1, VOCABULARY);
    before[SLOW_STEP] = (before[SLOW_STEP] + 1) % VOCABULARY;
    int[] prompt = IntStream.concat(Arrays.stream(YOUNGER), Arrays.stream(before)).toArray();
    int[] behind = FakeDecoder.expected(prompt, 20 - before.length, VOCABULARY);
    assertThat(both.get(1).await().text()).isEqualTo(FakeDecoder.text(before) + FakeDecoder.text(behind));
    assertThat(loop.stats().preemptions()).isEqualTo(1);
  }

  @Test
  void oneThatIsLateEndsItsSequenceWhenThatIsBack() throws InterruptedException {
    List<Generation> both = startBoth(_ -> ahead.set(2 * LIMIT.toNanos()));
    assertUntouched(both.get(0));
    assertThatThrownBy(() -> both.get(1).await())
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.PROCESSOR_FAILED))
        .hasMessageContaining("took longer than 30000.0 ms");
    interrupted.await();
    assertThat(loop.stats().waiting()).isZero();
  }

  @Test
  void aCancelInterruptsItAlsoWhileTheSequenceIsPushedOut() throws InterruptedException {
    List<Generation> both = startBoth(Generation::cancel);
    assertUntouched(both.get(0));
    assertThat(both.get(1).await().reason()).isEqualTo(FinishReason.CANCELLED);
    interrupted.await();
    assertThat(loop.stats().waiting()).isZero();
  }

  @Test
  void closingTheEngineInterruptsItAlsoWhileTheSequenceIsPushedOut() throws InterruptedException {
    List<Generation> both = startBoth(_ -> loop.requestClose());
    assertThatThrownBy(() -> both.get(1).await())
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.ENGINE_CLOSED));
    interrupted.await();
  }
}
