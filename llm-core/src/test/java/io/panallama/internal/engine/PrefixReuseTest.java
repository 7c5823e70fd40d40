package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.panallama.config.KvLayout;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.request.GenerationOptions;
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
import org.junit.jupiter.params.provider.EnumSource;

/** Sharing the beginning of a prompt, on a fake that notices every cell that is wrong. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(60)
class PrefixReuseTest {
  @Parameter private KvLayout layout;

  private static final int VOCABULARY = 200;

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private EngineFront loop;

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
    }
  }

  private void start(int slots, int batch, int context, int sequenceIds) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", slots, 1000, 8),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              boolean split = layout == KvLayout.SPLIT;
              FakeDecoder made =
                  split
                      ? new FakeDecoder(batch, slots * 1000, 1000, VOCABULARY, slots)
                      : new FakeDecoder(batch, context, 1000, VOCABULARY, sequenceIds);
              made.split = split;
              decoder.set(made);
              return made;
            });
  }

  /** In a split cache, sequences do not take room from each other, and there are no ids but those of the slots. */
  private void assumeUnified() {
    assumeThat(layout).isEqualTo(KvLayout.UNIFIED);
  }

  private Generation submit(int[] prompt, int count) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(count).build();
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  private static int[] text(Random random, int length) {
    return random.ints(length, 0, VOCABULARY).toArray();
  }

  private static int[] join(int[] one, int[] two) {
    int[] joined = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, joined, one.length, two.length);
    return joined;
  }

  @Test
  void aPromptThatWasSeenIsNotComputedAgain() {
    start(2, 64, 2000, 8);
    int[] prompt = text(new Random(1), 100);
    submit(prompt, 5).await();
    long before = loop.stats().promptTokens();
    Completion again = submit(prompt, 5).await();
    assertThat(again.text()).isEqualTo(expected(prompt, 5));
    assertThat(again.usage().cachedTokens()).isEqualTo(99);
    assertThat(loop.stats().promptTokens() - before).isEqualTo(1);
  }

  @Test
  void aConversationContinuesWhereItEnded() {
    start(2, 64, 2000, 8);
    int[] first = text(new Random(1), 50);
    submit(first, 10).await();
    int[] answer = FakeDecoder.expected(first, 10, VOCABULARY);
    int[] second = join(join(first, answer), text(new Random(2), 20));
    Completion completion = submit(second, 5).await();
    assertThat(completion.text()).isEqualTo(expected(second, 5));
    // The last token of the answer was sampled and never computed.
    assertThat(completion.usage().cachedTokens()).isEqualTo(59);
  }

  @Test
  void sixteenRequestsThatArriveTogetherPayForTheirPrefixOnce() {
    start(16, 64, 4000, 48);
    CountDownLatch allSubmitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(allSubmitted);
    int[] prefix = text(new Random(1), 512);
    List<int[]> prompts = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      prompts.add(join(prefix, text(new Random(100 + i), 20)));
      generations.add(submit(prompts.get(i), 10));
    }
    allSubmitted.countDown();
    for (int i = 0; i < 16; i++) {
      assertThat(generations.get(i).await().text()).isEqualTo(expected(prompts.get(i), 10));
    }
    assertThat(loop.stats().promptTokens()).isLessThanOrEqualTo(512 + 16 * 20);
  }

  @Test
  void whoWaitsForAPrefixGoesOnWhenItsOwnerLeaves() {
    start(2, 16, 2000, 8);
    int[] prefix = text(new Random(1), 200);
    CountDownLatch bothIn = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    int[] second = join(prefix, text(new Random(3), 10));
    decoder.get().beforeDecode =
        fake -> {
          await(bothIn);
          if (fake.steps.size() == 3) {
            await(cancelled);
          }
        };
    Generation owner = submit(join(prefix, text(new Random(2), 10)), 5);
    Generation waiter = submit(second, 5);
    bothIn.countDown();
    owner.cancel();
    cancelled.countDown();
    assertThat(owner.await().reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(waiter.await().text()).isEqualTo(expected(second, 5));
  }

  /** The cells that a sequence shares count for nobody once their first owner is gone, so more is let in than fits. */
  @Test
  void whoWaitsForAPrefixThatFindsNoRoomDoesNotStopEverybody() {
    assumeUnified();
    start(4, 64, 700, 12);
    List<int[]> heirs = new ArrayList<>();
    List<Generation> staying = new ArrayList<>();
    for (int family = 0; family < 2; family++) {
      int[] shared = text(new Random(family), 285);
      submit(join(shared, text(new Random(10), 5)), 1).await();
      heirs.add(join(shared, text(new Random(11), 5)));
      // Nobody reads these yet, so they sit out after eight tokens and keep their cells.
      staying.add(submit(heirs.get(family), 40));
    }
    int[] other = text(new Random(4), 115);
    int[] computes = join(other, text(new Random(5), 5));
    int[] waits = join(other, text(new Random(6), 5));
    Generation computing = submit(computes, 5);
    Generation waiting = submit(waits, 5);
    assertThat(staying.get(0).await().text()).isEqualTo(expected(heirs.get(0), 40));
    assertThat(staying.get(1).await().text()).isEqualTo(expected(heirs.get(1), 40));
    assertThat(computing.await().text()).isEqualTo(expected(computes, 5));
    assertThat(waiting.await().text()).isEqualTo(expected(waits, 5));
    assertThat(loop.stats().preemptions()).as("pushed out").isPositive();
  }

  @Test
  void oldPrefixesMakeRoomForNewPrompts() {
    start(1, 64, 300, 8);
    for (int i = 0; i < 20; i++) {
      int[] prompt = text(new Random(i), 100);
      assertThat(submit(prompt, 5).await().text()).isEqualTo(expected(prompt, 5));
    }
    assertThat(loop.stats().preemptions()).isZero();
  }

  @Test
  void theLeastRecentlyUsedPrefixGoesFirst() {
    assumeUnified();
    start(1, 64, 10_000, 3);
    int[] first = text(new Random(1), 100);
    int[] second = text(new Random(2), 100);
    int[] third = text(new Random(3), 100);
    submit(first, 1).await();
    submit(second, 1).await();
    assertThat(submit(first, 1).await().usage().cachedTokens()).isEqualTo(99);
    submit(third, 1).await();
    assertThat(submit(first, 1).await().usage().cachedTokens()).as("used again, so kept").isEqualTo(99);
    assertThat(submit(second, 1).await().usage().cachedTokens()).as("given up").isZero();
  }

  @Test
  void randomTrafficGivesWhatEachGivesAlone() {
    for (int scenario = 0; scenario < 500; scenario++) {
      Random random = new Random(scenario);
      int slots = 1 + random.nextInt(6);
      start(slots, slots + random.nextInt(40), 300 + random.nextInt(900), slots + random.nextInt(12));
      if (random.nextInt(4) == 0) {
        decoder.get().script(Status.OK, Status.ABORTED, Status.OK, Status.ABORTED);
      }
      List<int[]> families = List.of(text(random, 60), text(random, 100), text(random, 30));
      List<int[]> prompts = new ArrayList<>();
      List<Generation> generations = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int[] family = families.get(random.nextInt(3));
        int[] beginning = Arrays.copyOf(family, 1 + random.nextInt(family.length));
        prompts.add(join(beginning, text(random, random.nextInt(20))));
        generations.add(submit(prompts.get(i), 8));
        if (random.nextInt(5) == 0) {
          generations.get(random.nextInt(generations.size())).cancel();
        }
      }
      for (int i = 0; i < generations.size(); i++) {
        Completion completion = generations.get(i).await();
        String whole = expected(prompts.get(i), 8);
        if (completion.reason() == FinishReason.CANCELLED) {
          assertThat(whole).as("scenario %d, request %d", scenario, i).startsWith(completion.text());
        } else {
          assertThat(completion.text()).as("scenario %d, request %d", scenario, i).isEqualTo(whole);
        }
      }
      assertThat(loop.stats().running() + loop.stats().waiting()).isZero();
      loop.close();
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
