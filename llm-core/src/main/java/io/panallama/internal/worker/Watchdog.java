package io.panallama.internal.worker;

import io.panallama.config.IsolationConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Watches the clock for a supervisor: ends workers that hang, and generations whose time is over. */
final class Watchdog implements Runnable {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  private static final Duration TICK = Duration.ofMillis(100);

  /** A machine whose steps are slow gets this many times its longest one. */
  private static final int PATIENCE = 10;

  private final IsolationConfig limits;
  private final InFlight inFlight;
  private final Supplier<@Nullable Life> current;
  private final BooleanSupplier needed;

  /**
   * @param current the worker that there is
   * @param needed whether to go on
   */
  Watchdog(IsolationConfig limits, InFlight inFlight, Supplier<@Nullable Life> current, BooleanSupplier needed) {
    this.limits = limits;
    this.inFlight = inFlight;
    this.current = current;
    this.needed = needed;
  }

  @Override
  public void run() {
    long last = System.nanoTime();
    try {
      while (needed.getAsBoolean()) {
        Thread.sleep(TICK);
        long now = System.nanoTime();
        try {
          look(now, last);
        } catch (RuntimeException | Error fault) {
          // Such as a heap that is exhausted for a moment; without a watchdog nothing would end a worker that hangs.
          tell(fault);
        }
        last = now;
      }
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(long now, long last) {
    Life life = current.get();
    if (life != null) {
      if (now - last > 10 * TICK.toNanos()) {
        // Perhaps the machine slept.
        life.forgive(now);
      }
      check(life, now);
    }
    inFlight.endExpired(now);
  }

  private static void tell(Throwable fault) {
    try {
      LOG.log(System.Logger.Level.WARNING, "The watchdog of a worker could not look after it; it tries again.", fault);
    } catch (OutOfMemoryError again) {
      // There is no memory for the line either.
      return;
    }
  }

  private void check(Life life, long now) {
    long silence = life.silence(now);
    long step = life.step(now);
    long stepLimit = Math.max(limits.stepLimit().toNanos(), PATIENCE * life.longestStep());
    if (silence > limits.silenceLimit().toNanos()) {
      life.condemnSilent("it has not said that it is alive for " + seconds(silence));
    } else if (!life.isReady() && life.age(now) > limits.loadLimit().toNanos()) {
      life.condemn("it has not loaded the model in " + seconds(life.age(now)));
    } else if (life.isReady() && step > stepLimit) {
      life.condemn("a step has taken " + seconds(step));
    } else if (life.verdict() == null) {
      RemoteGeneration overdue = inFlight.overdue(now, stepLimit);
      if (overdue != null) {
        life.condemn(overdue, "the preparation of a request has taken " + seconds(overdue.preparing(now)));
      }
    }
  }

  private static String seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos) / 1000.0 + " s";
  }
}
