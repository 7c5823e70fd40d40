package io.panallama.internal.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.GenerationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PreparationPoolTest {
  private static final int PROCESSORS = 2;
  private static final Duration LONG = Duration.ofSeconds(30);

  private final PreparationPool pool =
      new PreparationPool(
          PROCESSORS,
          8,
          Thread.ofPlatform().daemon(true).name("prepare-", 1).factory(),
          EngineClosedException::new,
          Flag::new);
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void end() {
    release.countDown();
    pool.close();
    assertThat(pool.awaitEnd(LONG)).isTrue();
  }

  @Test
  void itsThreadsHaveTheStackThatIsAskedFor() throws Exception {
    try (PreparationPool deep =
        PreparationPool.of("deep", 256L << 20, PROCESSORS, 8, EngineClosedException::new, Flag::new)) {
      int levels = 200_000;
      FutureTask<Integer> reached = new FutureTask<>(() -> deep.run(false, _ -> depth(levels), _ -> {}));
      Thread.ofVirtual().start(reached);
      assertThat(reached.get()).isEqualTo(levels);
    }
  }

  private static int depth(int levels) {
    return levels == 0 ? 0 : 1 + depth(levels - 1);
  }

  /** Ends work that asks {@link #isRequested}. */
  private static final class Flag implements Interruption {
    private static final ThreadLocal<Flag> CURRENT = new ThreadLocal<>();

    private final CountDownLatch requested = new CountDownLatch(1);

    @Override
    public void during(Runnable work) {
      CURRENT.set(this);
      try {
        work.run();
      } finally {
        CURRENT.remove();
      }
    }

    @Override
    public void request() {
      requested.countDown();
    }

    /** What a native call does that ends early only. */
    static void awaitRequest() {
      PreparationPoolTest.await(CURRENT.get().requested);
    }
  }

  /** A virtual thread that has the pool do something. */
  private static final class Caller<T> {
    private final FutureTask<T> result;
    private final Thread thread;

    Caller(PreparationPool pool, boolean large, Preparation<T> work, Consumer<T> discard) {
      result = new FutureTask<>(() -> pool.run(large, work, discard));
      thread = Thread.ofVirtual().start(result);
    }

    T get() throws Exception {
      try {
        return result.get();
      } catch (ExecutionException failed) {
        throw (Exception) failed.getCause();
      }
    }
  }

  private <T> Caller<T> call(boolean large, Preparation<T> work) {
    return new Caller<>(pool, large, work, discarded -> {});
  }

  /** Keeps a worker until {@link #release}. */
  private Caller<Boolean> slow(boolean large, CountDownLatch begun) {
    return call(
        large,
        checkpoint -> {
          begun.countDown();
          await(release);
          return Thread.currentThread().isVirtual();
        });
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stray) {
      throw new AssertionError(stray);
    }
  }

  private void awaitWaiting(int count) {
    while (pool.waiting() != count) {
      Thread.onSpinWait();
    }
  }

  /** Tasks that a test puts into it; an empty one is the end. */
  private static final class Tasks implements TaskSource {
    private final BlockingQueue<Optional<Task>> queue = new LinkedBlockingQueue<>();

    /** The threads that found the tasks, in turn. */
    private final List<Thread> finders = Collections.synchronizedList(new ArrayList<>());

    private final List<Throwable> refusals = Collections.synchronizedList(new ArrayList<>());

    Task put(boolean large, Runnable work) {
      Task task = new Task(large, work, refusals::add);
      queue.add(Optional.of(task));
      return task;
    }

    void end() {
      queue.add(Optional.empty());
    }

    @Override
    public Task next() {
      try {
        Task task = queue.take().orElse(null);
        finders.add(Thread.currentThread());
        return task;
      } catch (InterruptedException stray) {
        throw new AssertionError(stray);
      }
    }
  }

  private FutureTask<Thread> attending(Tasks tasks) {
    FutureTask<Thread> end =
        new FutureTask<>(() -> {
          pool.attend(tasks);
          return Thread.currentThread();
        });
    Thread.ofPlatform().start(end);
    return end;
  }

  @Test
  void theThreadThatFindsATaskDoesIt() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    List<Thread> doers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      FutureTask<Thread> task = new FutureTask<>(Thread::currentThread);
      tasks.put(false, task);
      doers.add(task.get());
    }
    tasks.end();
    Thread spare = end.get();
    assertThat(doers).doesNotContain(spare);
    // The first one was found by the calling thread, before there were others.
    assertThat(tasks.finders.getFirst()).isSameAs(spare);
    assertThat(tasks.finders.subList(25, 50)).doesNotContain(spare).isEqualTo(doers.subList(25, 50));
    assertThat(pool.workers()).isEqualTo(PROCESSORS);
    assertThat(tasks.refusals).isEmpty();
  }

  /** What comes meanwhile, such as a cancellation, is found by the calling thread. */
  @Test
  void theSourceIsAttendedWhileAllAreBusy() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    CountDownLatch begun = new CountDownLatch(PROCESSORS);
    for (int i = 0; i < PROCESSORS; i++) {
      tasks.put(
          false,
          () -> {
            begun.countDown();
            await(release);
          });
    }
    begun.await();
    FutureTask<Boolean> waiting = new FutureTask<>(() -> true);
    tasks.put(false, waiting);
    awaitWaiting(1);
    assertThat(waiting.isDone()).isFalse();
    assertThat(tasks.queue).isEmpty();
    release.countDown();
    assertThat(waiting.get()).isTrue();
    FutureTask<Boolean> later = new FutureTask<>(() -> true);
    tasks.put(false, later);
    assertThat(later.get()).isTrue();
    tasks.end();
    assertThat(tasks.finders.get(PROCESSORS)).isSameAs(end.get());
  }

  @Test
  void largeTasksOfASourceLeaveAWorkerForSmallOnes() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger large = new AtomicInteger();
    for (int i = 0; i < 4; i++) {
      tasks.put(
          true,
          () -> {
            large.incrementAndGet();
            begun.countDown();
            await(release);
          });
    }
    begun.await();
    FutureTask<Integer> small = new FutureTask<>(large::get);
    tasks.put(false, small);
    assertThat(small.get()).isEqualTo(PROCESSORS - 1);
    release.countDown();
    tasks.end();
    end.get();
  }

  @Test
  void aTaskThatIsCancelledEndsEarlyAndWhatItConsistsOfToo() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    TaskSource.Task task =
        tasks.put(
            false,
            () -> {
              try {
                pool.run(
                    false,
                    checkpoint -> {
                      begun.countDown();
                      Flag.awaitRequest();
                      checkpoint.run();
                      return true;
                    },
                    _ -> {});
                ended.complete(new AssertionError("it was not cancelled"));
              } catch (CancellationException cancelled) {
                ended.complete(cancelled);
              }
            });
    begun.await();
    task.cancel();
    assertThat(ended.get()).isInstanceOf(CancellationException.class);
    tasks.end();
    end.get();
    assertThat(tasks.refusals).isEmpty();
  }

  /** The request to end early lasts until what it ends has looked. */
  @Test
  void whatEndsEarlyFindsThatItIsCancelled() throws Exception {
    CountDownLatch requested = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    Interruption slow =
        new Interruption() {
          @Override
          public void during(Runnable work) {
            work.run();
          }

          @Override
          public void request() {
            requested.countDown();
            PreparationPoolTest.await(looked);
          }
        };
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger unaware = new AtomicInteger();
    try (PreparationPool own =
        new PreparationPool(
            PROCESSORS, 8, Thread.ofPlatform().daemon(true).factory(), EngineClosedException::new, () -> slow)) {
      Caller<Boolean> caller =
          new Caller<>(
              own,
              false,
              checkpoint -> {
                begun.countDown();
                await(requested);
                try {
                  checkpoint.run();
                  return unaware.incrementAndGet() == 0;
                } finally {
                  looked.countDown();
                }
              },
              _ -> {});
      begun.await();
      caller.thread.interrupt();
      looked.await();
      assertThat(unaware).hasValue(0);
    }
  }

  @Test
  void aTaskThatIsCancelledBeforeItsTurnIsRefused() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    CountDownLatch begun = new CountDownLatch(PROCESSORS);
    for (int i = 0; i < PROCESSORS; i++) {
      tasks.put(
          false,
          () -> {
            begun.countDown();
            await(release);
          });
    }
    begun.await();
    AtomicInteger done = new AtomicInteger();
    TaskSource.Task cancelled = tasks.put(false, done::incrementAndGet);
    awaitWaiting(1);
    cancelled.cancel();
    release.countDown();
    FutureTask<Integer> later = new FutureTask<>(done::get);
    tasks.put(false, later);
    assertThat(later.get()).isZero();
    tasks.end();
    end.get();
    assertThat(tasks.refusals).singleElement().isInstanceOf(CancellationException.class);
  }

  @Test
  void tasksBeyondTheLimitAreRefused() throws Exception {
    Tasks tasks = new Tasks();
    FutureTask<Thread> end = attending(tasks);
    for (int i = 0; i < PROCESSORS + 9; i++) {
      tasks.put(false, () -> await(release));
    }
    tasks.end();
    end.get();
    assertThat(tasks.refusals).isNotEmpty().allSatisfy(why -> assertThat(why).isInstanceOf(EngineBusyException.class));
  }

  /** However many are slow, virtual threads go on: none of their carriers is used. */
  @Test
  void slowPreparationsHoldNoCarrier() throws Exception {
    int many = 4 * Runtime.getRuntime().availableProcessors();
    PreparationPool wide =
        new PreparationPool(
            PROCESSORS, many, Thread.ofPlatform().daemon(true).factory(), EngineClosedException::new, Flag::new);
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      callers.add(
          new Caller<>(
              wide,
              true,
              checkpoint -> {
                await(release);
                return Thread.currentThread().isVirtual();
              },
              discarded -> {}));
    }
    for (int i = 0; i < many; i++) {
      CompletableFuture<Integer> other = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> other.complete(1));
      assertThat(other.get()).isEqualTo(1);
    }
    assertThat(wide.workers()).isLessThanOrEqualTo(PROCESSORS);
    release.countDown();
    for (Caller<Boolean> caller : callers) {
      assertThat(caller.get()).as("on a virtual thread").isFalse();
    }
    wide.close();
    assertThat(wide.awaitEnd(LONG)).isTrue();
  }

  @Test
  void aPlatformThreadDoesItsOwnWork() {
    Thread worker = pool.run(true, checkpoint -> Thread.currentThread(), thread -> {});
    assertThat(worker).isSameAs(Thread.currentThread());
    assertThat(pool.workers()).isZero();
  }

  @Test
  void smallOnesRunBesideLargeOnes() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Caller<Boolean> first = slow(true, begun);
    await(begun);
    Caller<Boolean> second = slow(true, new CountDownLatch(1));
    assertThat(call(false, checkpoint -> "small").get()).isEqualTo("small");
    release.countDown();
    assertThat(first.get()).isFalse();
    assertThat(second.get()).isFalse();
  }

  @Test
  void failuresReachTheCaller() {
    IllegalArgumentException failure = new IllegalArgumentException("wrong");
    assertThatThrownBy(() ->
            call(
                    false,
                    checkpoint -> {
                      throw failure;
                    })
                .get())
        .isSameAs(failure);
  }

  @Test
  void aFullLaneIsBusy() throws Exception {
    CountDownLatch begun = new CountDownLatch(PROCESSORS);
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < PROCESSORS; i++) {
      callers.add(slow(false, begun));
    }
    await(begun);
    for (int i = 0; i < 8; i++) {
      callers.add(slow(false, new CountDownLatch(1)));
    }
    awaitWaiting(8);
    assertThatThrownBy(() -> call(false, checkpoint -> 1).get())
        .isInstanceOf(EngineBusyException.class)
        .hasMessageContaining("8 requests are waiting");
    release.countDown();
    for (Caller<Boolean> caller : callers) {
      assertThat(caller.get()).isFalse();
    }
  }

  @Test
  void whoLeavesTheQueueIsNotServed() throws Exception {
    CountDownLatch begun = new CountDownLatch(PROCESSORS);
    slow(false, begun);
    slow(false, begun);
    await(begun);
    AtomicBoolean ran = new AtomicBoolean();
    Caller<Boolean> leaves = call(false, checkpoint -> ran.getAndSet(true));
    awaitWaiting(1);
    leaves.thread.interrupt();
    assertThatThrownBy(leaves::get)
        .isInstanceOfSatisfying(
            GenerationException.class, e -> assertThat(e.reason()).isEqualTo(GenerationException.Reason.INTERRUPTED));
    assertThat(pool.waiting()).isZero();
    release.countDown();
    call(false, checkpoint -> 1).get();
    assertThat(ran).isFalse();
  }

  @Test
  void whoLeavesWhileItIsServedEndsTheWorkAtItsNextCheckpoint() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Caller<Integer> leaves =
        call(
            false,
            checkpoint -> {
              begun.countDown();
              await(release);
              try {
                checkpoint.run();
              } catch (CancellationException cancelled) {
                ended.complete(cancelled);
                throw cancelled;
              }
              ended.complete(new AssertionError("went on"));
              return 1;
            });
    await(begun);
    leaves.thread.interrupt();
    assertThatThrownBy(leaves::get).isInstanceOf(GenerationException.class);
    release.countDown();
    assertThat(ended.get()).isInstanceOf(CancellationException.class);
  }

  @Test
  void whatIsMadeForNobodyIsDiscarded() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<Integer> discarded = new CompletableFuture<>();
    Caller<Integer> leaves =
        new Caller<>(
            pool,
            false,
            checkpoint -> {
              begun.countDown();
              await(release);
              return 7;
            },
            discarded::complete);
    await(begun);
    leaves.thread.interrupt();
    assertThatThrownBy(leaves::get).isInstanceOf(GenerationException.class);
    release.countDown();
    assertThat(discarded.get()).isEqualTo(7);
  }

  @Test
  void closingEndsAllCallersAtOnce() throws Exception {
    CountDownLatch begun = new CountDownLatch(PROCESSORS);
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < PROCESSORS; i++) {
      callers.add(slow(false, begun));
    }
    await(begun);
    callers.add(slow(false, begun));
    awaitWaiting(1);
    pool.close();
    for (Caller<Boolean> caller : callers) {
      assertThatThrownBy(caller::get).isInstanceOf(EngineClosedException.class);
    }
    assertThatThrownBy(() -> call(false, checkpoint -> 1).get()).isInstanceOf(EngineClosedException.class);
  }

  /** Each result goes to its caller or is discarded, once, whenever the caller leaves and the pool is closed. */
  @Test
  void nothingIsLostWhenCallersLeaveAtAnyTime() throws Exception {
    for (int round = 0; round < 200; round++) {
      PreparationPool fresh =
          new PreparationPool(
              PROCESSORS, 64, Thread.ofPlatform().daemon(true).factory(), EngineClosedException::new, Flag::new);
      AtomicInteger made = new AtomicInteger();
      AtomicInteger gone = new AtomicInteger();
      AtomicInteger got = new AtomicInteger();
      List<Caller<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        callers.add(
            new Caller<>(fresh, i % 2 == 0, checkpoint -> made.incrementAndGet(), discarded -> gone.incrementAndGet()));
      }
      for (int i = 0; i < 8; i += 3) {
        callers.get(i).thread.interrupt();
      }
      if (round % 2 == 0) {
        fresh.close();
      }
      for (Caller<Integer> caller : callers) {
        try {
          caller.get();
          got.incrementAndGet();
        } catch (GenerationException | EngineClosedException left) {
          assertThat(left).isNotNull();
        }
      }
      fresh.close();
      assertThat(fresh.awaitEnd(LONG)).isTrue();
      assertThat(got.get() + gone.get()).isEqualTo(made.get());
    }
  }

  // ---- work that is asked to end ----

  @Test
  void workWhoseCallerIsInterruptedIsAskedToEnd() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    Caller<Object> caller =
        call(
            true,
            checkpoint -> {
              begun.countDown();
              Flag.awaitRequest();
              ended.countDown();
              throw new CancellationException();
            });
    begun.await();
    caller.thread.interrupt();
    assertThatThrownBy(caller::get).isInstanceOf(GenerationException.class);
    ended.await();
  }

  @Test
  void workOfAClosedPoolIsAskedToEnd() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch ended = new CountDownLatch(2);
    Preparation<Object> work =
        checkpoint -> {
          begun.countDown();
          Flag.awaitRequest();
          ended.countDown();
          throw new CancellationException();
        };
    Caller<Object> caller = call(true, work);
    FutureTask<Object> onItsOwnThread = new FutureTask<>(() -> pool.run(true, work, discarded -> {}));
    Thread.ofPlatform().daemon(true).start(onItsOwnThread);
    begun.await();
    pool.close();
    assertThatThrownBy(caller::get).isInstanceOf(EngineClosedException.class);
    assertThatThrownBy(onItsOwnThread::get).hasCauseInstanceOf(EngineClosedException.class);
    ended.await();
  }

  @Test
  void aClosedPoolTakesNoWorkOfAPlatformThreadEither() throws Exception {
    pool.close();
    FutureTask<Object> task = new FutureTask<>(() -> pool.run(false, checkpoint -> "made", discarded -> {}));
    Thread.ofPlatform().daemon(true).start(task);
    assertThatThrownBy(task::get).hasCauseInstanceOf(EngineClosedException.class);
  }
}
