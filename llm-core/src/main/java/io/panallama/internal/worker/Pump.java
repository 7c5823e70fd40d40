package io.panallama.internal.worker;

import io.panallama.internal.engine.StepObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends what a step has generated: one thread reads all generations after each step and writes all of it at once. A
 * generation whose answer is parsed has a thread of its own, since parsing may take longer than a step.
 */
final class Pump implements StepObserver {
  private final Wire wire;
  private final Queue<Outgoing> added = new ConcurrentLinkedQueue<>();
  private final List<Outgoing> live = new ArrayList<>();
  private final Consumer<Outgoing> onEnd;
  private volatile boolean idle = true;
  private volatile long stepBegan;
  private volatile long longestStep;
  private volatile @Nullable Thread thread;

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
  public void ended() {
    long took = System.nanoTime() - stepBegan;
    if (took > longestStep) {
      longestStep = took;
    }
    stepBegan = 0;
    if (!idle) {
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
    Thread fresh = Thread.ofPlatform().name("panallama-pump").daemon(true).unstarted(this::run);
    thread = fresh;
    fresh.start();
  }

  void add(Outgoing outgoing, boolean slow) {
    if (slow) {
      Thread.ofVirtual().name("panallama-parsed-" + outgoing.id()).start(() -> sendAlone(outgoing));
    } else {
      added.add(outgoing);
      idle = false;
      wake();
    }
  }

  void wake() {
    LockSupport.unpark(thread);
  }

  private void sendAlone(Outgoing outgoing) {
    Output out = new Output();
    try {
      while (!outgoing.hasEnded()) {
        outgoing.await(out);
        wire.send(out);
        out.clear();
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

  // ---- the pump's thread ----

  private void run() {
    Output out = new Output(1 << 14);
    try {
      while (true) {
        Outgoing fresh;
        while ((fresh = added.poll()) != null) {
          live.add(fresh);
        }
        for (int i = live.size() - 1; i >= 0; i--) {
          Outgoing outgoing = live.get(i);
          outgoing.drain(out);
          if (outgoing.hasEnded()) {
            live.remove(i);
            end(outgoing);
          }
        }
        if (out.length() > 0) {
          wire.send(out);
          out.clear();
        } else {
          park();
        }
      }
    } catch (IOException lost) {
      // The connection is gone, and with it the process.
      return;
    }
  }

  private void park() {
    if (live.isEmpty()) {
      idle = true;
      if (!added.isEmpty()) {
        idle = false;
        return;
      }
    }
    LockSupport.park(this);
  }
}
