package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.KvLayout;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.decode.KvMemory.Rewind;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.internal.schedule.Preemption;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Readers that do not read keep their place but not their slot, on a fake that notices every cell that is wrong. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(60)
class SuspensionTest {
  @Parameter private KvLayout layout;

  private static final int VOCABULARY = 200;
  private static final int SLOTS = 2;
  private static final int MAILBOX = 8;
  private static final int LONG = 60;
  private static final GenerationOptions MANY = GenerationOptions.builder().maxTokens(LONG).build();

  /** So few tokens that they fit into a mailbox: whoever reads them late is not suspended. */
  private static final int SHORT = MAILBOX - 2;

  private static final GenerationOptions FEW = GenerationOptions.builder().maxTokens(SHORT).build();

  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private final AtomicLong ahead = new AtomicLong();
  private final List<FakeSampler> samplers = new ArrayList<>();
  private EngineFront loop;

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
      assertThat(decoder.get().images).as("images that were not closed").hasValue(0);
      assertThat(samplers).allMatch(sampler -> sampler.closed);
    }
  }

  private void start(int context, SpillConfig spill, int idsPerSlot, Rewind rewind) {
    loop =
        EngineFront.start(
            new EngineSettings("test-engine", SLOTS, 1000, MAILBOX, Duration.ZERO, spill),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              boolean split = layout == KvLayout.SPLIT;
              FakeDecoder made =
                  split
                      ? new FakeDecoder(64, SLOTS * context, 1000, VOCABULARY, SLOTS)
                      : new FakeDecoder(64, context, 1000, VOCABULARY, idsPerSlot * SLOTS);
              made.split = split;
              made.rewind = rewind;
              made.canRemovePart = rewind != Rewind.NEVER;
              made.onHost = true;
              decoder.set(made);
              return made;
            },
            new ConcurrentLinkedQueue<>(),
            () -> System.nanoTime() + ahead.get());
  }

  private Generation submit(int[] prompt, GenerationOptions options) {
    FakeSampler sampler = new FakeSampler();
    samplers.add(sampler);
    return loop.submit(prompt.clone(), options, List.of(), sampler, null);
  }

  private static int[] prompt(long seed) {
    return new Random(seed).ints(40, 0, VOCABULARY).toArray();
  }

  private static String expected(long seed, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt(seed), count, VOCABULARY));
  }

  /** Starts as many generations as there are slots, and waits until their mailboxes are full. */
  private List<Generation> startUnread() throws InterruptedException {
    List<Generation> unread = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      unread.add(submit(prompt(i), MANY));
    }
    while (loop.stats().generatedTokens() < SLOTS * MAILBOX) {
      Thread.sleep(1);
    }
    return unread;
  }

  private void passStallLimit() {
    ahead.addAndGet(Preemption.STALL_LIMIT);
    loop.caughtUp();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, ALWAYS",
    "0, 3, ALWAYS",
    "1000000, 1, ALWAYS",
    "1000000, 3, ALWAYS",
    "0, 1, NEVER",
    "1000000, 1, NEVER"
  })
  void slotsOfReadersThatDoNotReadGoToThoseWhoWait(long spillBytes, int idsPerSlot, Rewind rewind) throws Exception {
    start(1000, spillBytes == 0 ? SpillConfig.none() : SpillConfig.toMemory(spillBytes), idsPerSlot, rewind);
    List<Generation> unread = startUnread();
    List<Generation> others = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      others.add(submit(prompt(10 + i), FEW));
    }
    passStallLimit();
    for (int i = 0; i < others.size(); i++) {
      assertThat(others.get(i).await().text()).isEqualTo(expected(10 + i, SHORT));
    }
    assertThat(loop.stats().preemptions()).isEqualTo(SLOTS);
    for (int i = 0; i < SLOTS; i++) {
      Completion late = unread.get(i).await();
      assertThat(late.text()).as("no token is lost, doubled or different").isEqualTo(expected(i, LONG));
      assertThat(late.reason()).isEqualTo(FinishReason.LENGTH);
      assertThat(late.usage().completionTokens()).isEqualTo(LONG);
    }
  }

  @Test
  void whileNobodyWaitsNobodyIsSuspended() throws Exception {
    start(1000, SpillConfig.none(), 1, Rewind.ALWAYS);
    List<Generation> unread = startUnread();
    ahead.addAndGet(100 * Preemption.STALL_LIMIT);
    for (int i = 0; i < SLOTS; i++) {
      assertThat(unread.get(i).await().text()).isEqualTo(expected(i, LONG));
    }
    assertThat(loop.stats().preemptions()).isZero();
  }

  @Test
  void theSlotIsGivenOnWithoutAnEventToWakeTheEngine() throws Exception {
    start(1000, SpillConfig.none(), 1, Rewind.ALWAYS);
    List<Generation> unread = startUnread();
    assertThat(submit(prompt(10), FEW).await().text()).isEqualTo(expected(10, SHORT));
    unread.forEach(Generation::close);
  }

  @Test
  void cellsOfReadersThatDoNotReadMakeRoomToo() throws Exception {
    // The two hold 2 * 49 cells; the third wants 50 and headroom.
    start(150, SpillConfig.none(), 1, Rewind.ALWAYS);
    List<Generation> unread = startUnread();
    unread.get(0).cancel();
    Generation next = submit(prompt(10), MANY);
    passStallLimit();
    assertThat(next.await().text()).isEqualTo(expected(10, LONG));
    assertThat(unread.get(1).await().text()).isEqualTo(expected(1, LONG));
  }

  @Test
  void aSuspendedGenerationCanBeCancelledAndOverdue() throws Exception {
    start(1000, SpillConfig.none(), 1, Rewind.ALWAYS);
    Generation cancelled = submit(prompt(0), MANY);
    Generation overdue = submit(prompt(1), MANY.toBuilder().timeLimit(Duration.ofHours(1)).build());
    while (loop.stats().generatedTokens() < SLOTS * MAILBOX) {
      Thread.sleep(1);
    }
    List<Generation> others = List.of(submit(prompt(10), FEW), submit(prompt(11), FEW));
    passStallLimit();
    others.forEach(Generation::await);
    cancelled.cancel();
    assertThat(end(cancelled)).isEqualTo(FinishReason.CANCELLED);
    ahead.addAndGet(Duration.ofHours(2).toNanos());
    loop.caughtUp();
    assertThat(end(overdue)).isEqualTo(FinishReason.TIME_LIMIT);
    assertThat(loop.stats().running()).isZero();
    assertThat(loop.stats().waiting()).isZero();
  }

  private static FinishReason end(Generation generation) {
    FinishReason reason = null;
    for (GenerationEvent event : generation) {
      reason = event instanceof GenerationEvent.Finished finished ? finished.reason() : reason;
    }
    return reason;
  }
}
