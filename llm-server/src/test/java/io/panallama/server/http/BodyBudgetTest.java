package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.GenerationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BodyBudgetTest {
  private static final int LARGEST = 1 << 20;
  private static final Set<Thread.State> WAITS = Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

  private final BodyBudget budget = new BodyBudget(LARGEST, 0, 2);

  private static BodyBudget.Room taken(BodyBudget budget, int bytes) {
    BodyBudget.Room room = budget.room();
    room.grow(bytes);
    return room;
  }

  /** Takes room for a body and reads it on a thread of its own, which is waiting for room when this returns, or has it. */
  private CompletableFuture<BodyBudget.Room> reader(int bytes) throws InterruptedException {
    CompletableFuture<BodyBudget.Room> done = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              try {
                BodyBudget.Room room = taken(budget, bytes);
                room.read(bytes);
                done.complete(room);
              } catch (Throwable failed) {
                done.completeExceptionally(failed);
              }
            });
    while (!done.isDone() && !WAITS.contains(thread.getState())) {
      Thread.onSpinWait();
    }
    return done;
  }

  @Test
  void oneOfTheLargestArrivesAndOthersWaitForIt() throws Exception {
    BodyBudget.Room first = taken(budget, LARGEST);
    CompletableFuture<BodyBudget.Room> second = reader(LARGEST);
    assertThat(second).isNotDone();
    first.close();
    second.join().close();
  }

  @Test
  void asManyAreReadAtATimeAsThereAreProcessors() throws Exception {
    BodyBudget roomy = new BodyBudget(LARGEST, 1L << 30, 2);
    BodyBudget.Room first = taken(roomy, LARGEST);
    BodyBudget.Room second = taken(roomy, LARGEST);
    BodyBudget.Room third = taken(roomy, LARGEST);
    first.read(LARGEST);
    second.read(LARGEST);
    CompletableFuture<Void> read = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              third.read(LARGEST);
              read.complete(null);
            });
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(read).isNotDone();
      Thread.onSpinWait();
    }
    second.close();
    read.join();
    first.close();
    third.close();
  }

  @Test
  void smallOnesNeverWait() {
    BodyBudget.Room large = taken(budget, LARGEST);
    large.read(LARGEST);
    for (int i = 0; i < 10_000; i++) {
      taken(budget, BodyBudget.SMALL).read(BodyBudget.SMALL);
    }
    large.close();
  }

  @Test
  void bodiesThatHaveOnlyBegunTakeLittle() {
    for (int i = 0; i < 1000; i++) {
      taken(budget, BodyBudget.SMALL);
    }
    try (BodyBudget.Room begun = taken(budget, BodyBudget.SMALL + 1024);
        BodyBudget.Room other = budget.room()) {
      other.grow(LARGEST / 4);
      begun.grow(LARGEST / 8);
    }
  }

  /** They arrive in pieces and side by side, and all room is taken before any of them is complete. */
  @Test
  void bodiesThatArriveTogetherAreAllReadInTheEnd() throws Exception {
    int bodies = 20;
    CyclicBarrier begun = new CyclicBarrier(bodies);
    List<Future<Void>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      for (int i = 0; i < bodies; i++) {
        all.add(
            threads.submit(() -> {
              try (BodyBudget.Room room = budget.room()) {
                begun.await();
                for (int bytes = LARGEST / 64; bytes <= LARGEST; bytes += LARGEST / 64) {
                  room.grow(bytes);
                }
                room.read(LARGEST);
              }
              return null;
            }));
      }
    }
    for (Future<Void> one : all) {
      one.get();
    }
  }

  @Test
  void roomIsGivenBackOnce() throws Exception {
    BodyBudget.Room first = taken(budget, LARGEST);
    first.close();
    first.close();
    BodyBudget.Room second = taken(budget, LARGEST);
    CompletableFuture<BodyBudget.Room> third = reader(LARGEST);
    assertThat(third).isNotDone();
    second.close();
    third.join().close();
  }

  @Test
  void anInterruptEndsTheWait() {
    BodyBudget.Room large = taken(budget, LARGEST);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> taken(budget, LARGEST))
        .isInstanceOfSatisfying(
            GenerationException.class,
            ended -> assertThat(ended.reason()).isEqualTo(GenerationException.Reason.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    large.close();
  }
}
