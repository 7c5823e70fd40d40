package io.panallama.internal.worker;

import io.panallama.internal.engine.StepObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends what steps have generated, that of all generations at once: a thread of its own does so after each step, or once a
 * millisecond if steps are shorter. A generation's first token is sent by the engine thread, which has a processor already,
 * while another thread would have to win one from those that compute. A generation whose answer is parsed has its own
 * thread, since parsing may take longer than a step. Thread-safe.
 */
final class Pump implements StepObserver {
  /** The least time between two frames of tokens: waking the reader for each token costs a fast model its speed. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * The most generations that the engine thread sends: reading one takes some microseconds, about as long as waking a
   * thread.
   */
  private static final int FEW = 4;

  /**
   * How long the supervisor may not know that a generation is in the engine. If the first token is there by then, both are told at
   * once, which wakes the supervisor and the caller once instead of twice, and not while the step needs the processors.
   */
  private static final Duration FIRST_TOKEN = Duration.ofMillis(4);

  private final Wire wire;
  private final Queue<Outgoing> added = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();
  private final Consumer<Outgoing> onEnd;
  private volatile long stepBegan;
  private volatile long lastStep;
  private volatile long longestStep;
  private volatile @Nullable Thread thread;

  /** Whether a generation has not sent anything yet. */
  private volatile boolean fresh;

  /** Whether the pump's thread looks again in a moment, without being woken. */
  private volatile boolean pausing;

  /** Held while generations are read and their events sent. */
  private final ReentrantLock sending = new ReentrantLock();

  // ---- guarded by the lock ----

  private final List<Outgoing> live = new ArrayList<>();
  private final Output out = new Output(1 << 14);

  Pump(Wire wire, Consumer<Outgoing> onEnd) {
    this.wire = wire;
    this.onEnd = onEnd;
  }

  // ---- the engine thread ----

  @Override
  public void began() {
    stepBegan = System.nanoTime() | 1;
  }

  @Override
  public void ended(boolean computed) {
    long took = System.nanoTime() - stepBegan;
    lastStep = took;
    if (took > longestStep) {
      longestStep = took;
    }
    stepBegan = 0;
    int generations = count.get();
    if (generations == 0) {
      return;
    }
    if (fresh && generations <= FEW) {
      sendHere();
    } else if (fresh || !pausing || !computed) {
      wake();
    }
  }

  // ---- any thread ----

  /** Nanoseconds that the step which is being computed has taken so far; 0 between steps. */
  long stepAge() {
    long began = stepBegan;
    return began == 0 ? 0 : Math.max(1, System.nanoTime() - began);
  }

  long longestStep() {
    return longestStep;
  }

  void start() {
    Thread own = Thread.ofPlatform().name("panallama-pump").daemon(true).unstarted(this::run);
    thread = own;
    own.start();
  }

  /**
   * Tells that a generation is in the engine, and sends its events from now on. If it is the only one, that is told with its first
   * token, and the calling thread waits a moment for that.
   */
  void add(Outgoing outgoing, boolean slow) throws IOException {
    if (slow) {
      Thread.ofVirtual().name("panallama-parsed-" + outgoing.id()).start(() -> sendAlone(outgoing));
      return;
    }
    boolean only = count.get() == 0;
    if (!only) {
      Output own = new Output(32);
      outgoing.tell(own);
      wire.send(own);
    }
    added.add(outgoing);
    count.incrementAndGet();
    // Steps that have ended by now did not know of it.
    sendHere();
    if (only) {
      LockSupport.parkNanos(this, FIRST_TOKEN.toNanos());
      tell(outgoing);
    }
  }

  private void tell(Outgoing outgoing) throws IOException {
    sending.lock();
    try {
      Output own = new Output(32);
      outgoing.tell(own);
      if (own.length() > 0) {
        wire.send(own);
      }
    } finally {
      sending.unlock();
    }
  }

  /** Has the pump's thread look for something to send. */
  void wake() {
    LockSupport.unpark(thread);
  }

  private void sendAlone(Outgoing outgoing) {
    Output own = new Output();
    try {
      while (!outgoing.hasEnded()) {
        outgoing.await(own, FIRST_TOKEN);
        wire.send(own);
        own.clear();
      }
    } catch (IOException | InterruptedException lost) {
      // The connection is gone, and with it the process.
      return;
    } finally {
      end(outgoing);
    }
  }

  private void end(Outgoing outgoing) {
    outgoing.close();
    onEnd.accept(outgoing);
  }

  /** Sends what there is. If another thread is doing that, the pump's looks again after it. */
  private void sendHere() {
    if (!sending.tryLock()) {
      wake();
      return;
    }
    try {
      sendAvailable();
    } catch (IOException lost) {
      // The connection is gone, and with it the process.
      return;
    } finally {
      sending.unlock();
    }
  }

  /** Under the lock. Returns whether there was something to send. */
  private boolean sendAvailable() throws IOException {
    boolean silent = false;
    Outgoing next;
    while ((next = added.poll()) != null) {
      live.add(next);
    }
    for (int i = live.size() - 1; i >= 0; i--) {
      Outgoing outgoing = live.get(i);
      outgoing.drain(out);
      if (outgoing.hasEnded()) {
        live.remove(i);
        count.decrementAndGet();
        end(outgoing);
      } else {
        silent |= !outgoing.hasSent();
      }
    }
    fresh = silent;
    if (out.length() == 0) {
      return false;
    }
    try {
      wire.send(out);
    } finally {
      out.clear();
    }
    return true;
  }

  // ---- the pump's thread ----

  private void run() {
    try {
      while (true) {
        boolean some;
        sending.lock();
        try {
          some = sendAvailable();
        } finally {
          sending.unlock();
        }
        if (some && lastStep < PAUSE_NANOS) {
          pausing = true;
          LockSupport.parkNanos(this, PAUSE_NANOS);
          pausing = false;
        } else if (!some) {
          LockSupport.park(this);
        }
      }
    } catch (IOException lost) {
      // The connection is gone, and with it the process.
      return;
    }
  }
}
