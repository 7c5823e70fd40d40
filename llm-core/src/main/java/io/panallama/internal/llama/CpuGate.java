package io.panallama.internal.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Admits computations to the processors in the order of their requests, never with more threads than there are processors.
 *
 * <p>ggml's threads spin while they wait for each other. If two computations with as many threads as processors run at the same time, they spend most of it waiting for threads that are not running; one after the other, each takes no longer than alone.
 *
 * <p>Thread-safe. Entering and leaving allocate nothing.
 */
final class CpuGate {
  /** A resource that only one computation at a time may use, such as a thread pool that several contexts share. */
  static final class Lane {
    private boolean busy;
  }

  /** One context's entry at the gate, reused by one thread at a time. */
  static final class Turn {
    private final int threads;
    private final Lane lane;
    private final BooleanSupplier aborted;
    private volatile Thread thread = Thread.currentThread();
    private volatile boolean granted;

    private Turn(int threads, Lane lane, BooleanSupplier aborted) {
      this.threads = threads;
      this.lane = lane;
      this.aborted = aborted;
    }

    /** Makes the thread that waits for this turn check its abort flag. Thread-safe. */
    void wake() {
      LockSupport.unpark(thread);
    }
  }

  private final int processors;
  private final List<Turn> waiting = new ArrayList<>();
  private int free;

  CpuGate(int processors) {
    this.processors = processors;
    this.free = processors;
  }

  /**
   * Creates the turn of a context.
   *
   * @param threads number of threads of its computations, capped at the number of processors
   * @param lane the lane it shares with other contexts, or its own
   * @param aborted whether it should stop waiting; checked again after {@link Turn#wake}
   */
  Turn turn(int threads, Lane lane, BooleanSupplier aborted) {
    return new Turn(Math.min(threads, processors), lane, aborted);
  }

  /**
   * Waits until enough processors are free. Only steps that were requested earlier go first.
   *
   * @return false if it was aborted first; there is nothing to leave in that case
   */
  boolean enter(Turn turn) {
    if (request(turn)) {
      return true;
    }
    while (!turn.granted) {
      if (turn.aborted.getAsBoolean()) {
        return !withdraw(turn);
      }
      LockSupport.park(this);
    }
    return true;
  }

  /** Requests a turn without waiting for it; returns whether it was granted at once. */
  synchronized boolean request(Turn turn) {
    turn.thread = Thread.currentThread();
    turn.granted = false;
    waiting.addLast(turn);
    grant();
    return turn.granted;
  }

  /** Withdraws a requested turn; returns false if it has been granted in the meantime. */
  synchronized boolean withdraw(Turn turn) {
    if (turn.granted) {
      return false;
    }
    waiting.remove(turn);
    grant();
    return true;
  }

  /** Releases the processors. */
  synchronized void leave(Turn turn) {
    turn.granted = false;
    turn.lane.busy = false;
    free += turn.threads;
    grant();
  }

  /**
   * Grants turns in the order of the requests. A turn that lacks processors is not overtaken, because turns that need few would starve those that need many; a turn that only lacks its lane is overtaken, because the processors would otherwise be idle.
   */
  private void grant() {
    int i = 0;
    while (i < waiting.size()) {
      Turn turn = waiting.get(i);
      if (turn.threads > free) {
        return;
      }
      if (turn.lane.busy) {
        i++;
        continue;
      }
      waiting.remove(i);
      free -= turn.threads;
      turn.lane.busy = true;
      turn.granted = true;
      if (turn.thread != Thread.currentThread()) {
        LockSupport.unpark(turn.thread);
      }
    }
  }
}
