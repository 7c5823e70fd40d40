package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CpuGateTest {
  private final CpuGate gate = new CpuGate(4);

  private CpuGate.Turn turn(int threads) {
    return gate.turn(threads, new CpuGate.Lane(), () -> false);
  }

  @Test
  void computationsRunTogetherAsLongAsThereAreProcessors() {
    CpuGate.Turn three = turn(3);
    CpuGate.Turn one = turn(1);
    CpuGate.Turn another = turn(1);
    assertThat(gate.request(three)).isTrue();
    assertThat(gate.request(one)).isTrue();
    assertThat(gate.request(another)).isFalse();
    gate.leave(three);
    assertThat(gate.withdraw(another)).as("withdrawn before it was granted").isFalse();
  }

  @Test
  void moreThreadsThanProcessorsAreAllOfThem() {
    CpuGate.Turn nine = turn(9);
    assertThat(gate.request(nine)).isTrue();
    assertThat(gate.request(turn(1))).isFalse();
    gate.leave(nine);
  }

  @Test
  void fewThreadsDoNotKeepManyOut() {
    CpuGate.Turn first = turn(1);
    CpuGate.Turn all = turn(4);
    CpuGate.Turn late = turn(1);
    assertThat(gate.request(first)).isTrue();
    assertThat(gate.request(all)).isFalse();
    assertThat(gate.request(late)).as("there are processors, but somebody asked before").isFalse();
    gate.leave(first);
    assertThat(gate.withdraw(all)).isFalse();
    gate.leave(all);
    assertThat(gate.withdraw(late)).isFalse();
  }

  @Test
  void oneLaneCarriesOneComputationAndHoldsUpNobodyElse() {
    CpuGate.Lane lane = new CpuGate.Lane();
    CpuGate.Turn first = gate.turn(2, lane, () -> false);
    CpuGate.Turn second = gate.turn(2, lane, () -> false);
    CpuGate.Turn other = turn(2);
    assertThat(gate.request(first)).isTrue();
    assertThat(gate.request(second)).isFalse();
    assertThat(gate.request(other)).as("the second waits for its lane, not for processors").isTrue();
    gate.leave(first);
    assertThat(gate.withdraw(second)).isFalse();
  }

  @Test
  void whoGivesUpMakesWayForThoseBehind() {
    CpuGate.Turn three = turn(3);
    CpuGate.Turn all = turn(4);
    CpuGate.Turn one = turn(1);
    gate.request(three);
    gate.request(all);
    assertThat(gate.request(one)).isFalse();
    assertThat(gate.withdraw(all)).isTrue();
    assertThat(gate.withdraw(one)).as("granted when the one before it gave up").isFalse();
  }

  @Test
  void aWaitIsAborted() {
    AtomicBoolean aborted = new AtomicBoolean();
    CpuGate.Turn all = turn(4);
    CpuGate.Turn waiting = gate.turn(1, new CpuGate.Lane(), aborted::get);
    gate.request(all);
    CompletableFuture<Boolean> entered = CompletableFuture.supplyAsync(() -> gate.enter(waiting));
    // Also when the wake-up comes before the wait.
    aborted.set(true);
    waiting.wake();
    while (!entered.isDone()) {
      waiting.wake();
      Thread.onSpinWait();
    }
    assertThat(entered.join()).isFalse();
    gate.leave(all);
    assertThat(gate.request(turn(4))).as("nothing was taken").isTrue();
  }

  @Test
  void manyThreadsNeverHaveMoreThanThereIsAndAllGetTheirTurns() throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CpuGate.Lane shared = new CpuGate.Lane();
    AtomicInteger onShared = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      int threads = 1 + i % 4;
      boolean lane = i < 3;
      CpuGate.Turn turn = gate.turn(threads, lane ? shared : new CpuGate.Lane(), () -> false);
      Random random = new Random(i);
      all.add(
          CompletableFuture.runAsync(
              () -> {
                for (int k = 0; k < 2_000; k++) {
                  assertThat(gate.enter(turn)).isTrue();
                  most.accumulateAndGet(running.addAndGet(threads), Math::max);
                  assertThat(lane ? onShared.incrementAndGet() : 1).isEqualTo(1);
                  if (random.nextInt(8) == 0) {
                    Thread.yield();
                  }
                  if (lane) {
                    onShared.decrementAndGet();
                  }
                  running.addAndGet(-threads);
                  gate.leave(turn);
                }
              },
              task -> Thread.ofPlatform().start(task)));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(50, TimeUnit.SECONDS);
    }
    assertThat(most).hasValueBetween(2, 4);
  }

  @Test
  void aTurnAllocatesNothing() {
    CpuGate.Turn turn = turn(2);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int attempt = 0; attempt < 20 && least > 0; attempt++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        gate.enter(turn);
        gate.leave(turn);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isZero();
  }
}
