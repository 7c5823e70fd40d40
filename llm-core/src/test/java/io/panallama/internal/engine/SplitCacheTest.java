package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
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

/** Which cells sequences get in a split KV cache, on a fake that notices every cell that is wrong. */
@Timeout(60)
class SplitCacheTest {
  private static final int VOCABULARY = 200;

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private EngineFront loop;

  @AfterEach
  void close() {
    loop.close();
  }

  private void start(int slots) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", slots, 100, 200, Duration.ZERO, SpillConfig.toMemory(1 << 20)),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              FakeDecoder made = new FakeDecoder(256, slots * 300, 300, VOCABULARY, slots);
              made.split = true;
              decoder.set(made);
              return made;
            });
  }

  private Generation submit(int[] prompt, int count) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(count).build();
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  private static int[] prompt(int seed, int length) {
    return new Random(seed).ints(length, 0, VOCABULARY).toArray();
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  @Test
  void aSequenceMayFillItsPartWhateverTheOthersHave() {
    start(3);
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      running.add(submit(prompt(i, 100), 190));
    }
    for (int i = 0; i < 3; i++) {
      assertThat(running.get(i).await().text()).isEqualTo(expected(prompt(i, 100), 190));
    }
    assertThat(loop.stats().preemptions()).isZero();
  }

  /** Of five generations the inner ones end first; llama.cpp would compute those that are left in two runs. */
  @Test
  void gapsBetweenTheIdsOfRunningGenerationsAreFilled() {
    start(5);
    CountDownLatch submitted = new CountDownLatch(1);
    decoder.get().beforeDecode = _ -> await(submitted);
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      running.add(submit(prompt(i, 20), i == 0 || i == 4 ? 120 : 20));
    }
    submitted.countDown();
    for (int i = 0; i < 5; i++) {
      assertThat(running.get(i).await().text()).isEqualTo(expected(prompt(i, 20), i == 0 || i == 4 ? 120 : 20));
    }
    loop.close();
    assertThat(decoder.get().steps).filteredOn(step -> step.outputs() > 1).allMatch(step -> step.runs() == 1);
    assertThat(decoder.get().steps)
        .as("two that run and three that fill")
        .anyMatch(step -> step.outputs() == 2 && step.size() == 5);
  }

  @Test
  void aNewGenerationGetsAnIdNextToTheRunningOnes() {
    start(6);
    for (int i = 0; i < 6; i++) {
      submit(prompt(10 + i, 20), 1 + i).await();
    }
    int before = decoder.get().steps.size();
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch submitted = new CountDownLatch(1);
    decoder.get().beforeDecode =
        fake -> {
          if (fake.steps.size() == before + 3) {
            running.countDown();
            await(submitted);
          }
        };
    Generation first = submit(prompt(1, 20), 190);
    await(running);
    Generation second = submit(prompt(2, 20), 100);
    submitted.countDown();
    first.await();
    second.await();
    loop.close();
    assertThat(decoder.get().steps)
        .filteredOn(step -> step.outputs() == 2)
        .isNotEmpty()
        .allMatch(step -> step.size() == 2 && step.runs() == 1);
  }

  @Test
  void aConversationContinuesInItsOwnCells() {
    start(4);
    int[] text = prompt(1, 60);
    submit(text, 10).await();
    int[] longer = Arrays.copyOf(text, 90);
    System.arraycopy(FakeDecoder.expected(text, 10, VOCABULARY), 0, longer, 60, 10);
    Completion next = submit(longer, 5).await();
    assertThat(next.usage().cachedTokens()).isEqualTo(69);
    assertThat(next.text()).isEqualTo(expected(longer, 5));
    assertThat(decoder.get().shares).as("copies").isZero();
    assertThat(decoder.get().restores).as("restored images").isZero();
  }

  @Test
  void whatAConversationLeavesBehindWhenAnotherContinuesItsBeginningIsKeptInMemory() {
    start(1);
    int[] text = prompt(1, 60);
    submit(text, 40).await();
    int[] other = Arrays.copyOf(text, 70);
    assertThat(submit(other, 5).await().text()).isEqualTo(expected(other, 5));
    int[] longer = Arrays.copyOf(text, 110);
    System.arraycopy(FakeDecoder.expected(text, 40, VOCABULARY), 0, longer, 60, 40);
    Completion back = submit(longer, 5).await();
    assertThat(back.text()).isEqualTo(expected(longer, 5));
    assertThat(back.usage().cachedTokens()).isEqualTo(99);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }
}
