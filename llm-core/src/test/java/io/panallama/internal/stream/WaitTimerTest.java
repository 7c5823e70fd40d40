package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WaitTimerTest {
  private final ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1);
  private final Semaphore woken = new Semaphore(0);
  private final AtomicReference<Runnable> closing = new AtomicReference<>(() -> {});
  private final WaitTimer timer = new WaitTimer(woken::release, timers);

  @BeforeEach
  void forgetWhatIsCancelled() {
    timers.setRemoveOnCancelPolicy(true);
  }

  @AfterEach
  void stop() {
    timers.shutdownNow();
  }

  private static long in(Duration time) {
    return System.nanoTime() + time.toNanos();
  }

  @Test
  void oneTimerServesAllWaitsThatEndLater() {
    timer.wakeBy(in(Duration.ofMinutes(10)));
    Runnable first = timers.getQueue().peek();
    for (int wait = 0; wait < 100; wait++) {
      timer.wakeBy(in(Duration.ofMinutes(10)));
      assertThat(timers.getQueue()).hasSize(1);
      assertThat(timers.getQueue().peek()).isSameAs(first);
    }
  }

  @Test
  void waitThatEndsEarlierMovesTheTimer() throws InterruptedException {
    timer.wakeBy(in(Duration.ofMinutes(10)));
    timer.wakeBy(in(Duration.ofMillis(1)));
    assertThat(woken.tryAcquire(1, TimeUnit.MINUTES)).isTrue();
    assertThat(timers.getQueue()).isEmpty();
  }

  @Test
  void timerThatHasFiredIsSetAgain() throws InterruptedException {
    for (int wait = 0; wait < 3; wait++) {
      timer.wakeBy(in(Duration.ofMillis(1)));
      assertThat(woken.tryAcquire(1, TimeUnit.MINUTES)).isTrue();
    }
  }

  @Test
  void waitWithoutEndIsLookedAtEachHour() {
    timer.wakeBy(System.nanoTime() + Long.MAX_VALUE);
    assertThat(timers.getQueue().peek())
        .isInstanceOfSatisfying(Delayed.class, task -> assertThat(task.getDelay(TimeUnit.MINUTES)).isBetween(50L, 60L));
  }

  @Test
  void closingLeavesNoTimer() {
    timer.wakeBy(in(Duration.ofMinutes(10)));
    timer.close();
    timer.wakeBy(in(Duration.ofMinutes(10)));
    assertThat(timers.getQueue()).isEmpty();
    assertThat(woken.availablePermits()).isZero();
  }

  @Test
  void closingWhileATimerIsSetLeavesNone() {
    ScheduledThreadPoolExecutor slow =
        new ScheduledThreadPoolExecutor(1) {
          @Override
          public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            ScheduledFuture<?> timer = super.schedule(task, delay, unit);
            closing.getAndSet(() -> {}).run();
            return timer;
          }
        };
    slow.setRemoveOnCancelPolicy(true);
    try (slow) {
      WaitTimer timer = new WaitTimer(woken::release, slow);
      closing.set(timer::close);
      timer.wakeBy(in(Duration.ofMinutes(10)));
      assertThat(slow.getQueue()).isEmpty();
    }
  }
}
