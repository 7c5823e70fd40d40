package io.panallama.internal.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Lets computations onto the processors, never more threads than there are processors, in the order in which they asked.
 *
 * <p>ggml's threads wait for each other by spinning. Two computations with as many threads as processors each, at the same
 * time, spend most of it waiting for threads that are not running; one after the other, each takes no longer than alone.
 *
 * <p>Any thread. Entering and leaving allocate nothing.
 */
final class CpuGate {
  /** What one computation at a time may use, such as a thread pool that several contexts share. */
  static final class Lane {
    private boolean busy;
  }

  /** One context's place at the gate, used over and over by one thread at a time. */
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

    /** Makes the thread that waits for this turn check its abort flag. Any thread. */
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
   * A place for a context.
   *
   * @param threads how many threads its computations have; more than all processors count as all of them
   * @param lane what it shares with other contexts, or one of its own
   * @param aborted whether it should stop waiting; asked again after {@link Turn#wake}
   */
  Turn turn(int threads, Lane lane, BooleanSupplier aborted) {
    return new Turn(Math.min(threads, processors), lane, aborted);
  }

  /**
   * Waits until the processors are free. Only steps that were requested earlier go first.
   *
   * @return false if it was aborted before; there is nothing to leave then
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

  /** Asks for a turn without waiting for it; returns whether it was granted at once. */
  synchronized boolean request(Turn turn) {
    turn.thread = Thread.currentThread();
    turn.granted = false;
    waiting.addLast(turn);
    grant();
    return turn.granted;
  }

  /** Gives up a turn that was asked for; returns false if it has been granted meanwhile. */
  synchronized boolean withdraw(Turn turn) {
    if (turn.granted) {
      return false;
    }
    waiting.remove(turn);
    grant();
    return true;
  }

  /** Gives the processors back. */
  synchronized void leave(Turn turn) {
    turn.granted = false;
    turn.lane.busy = false;
    free += turn.threads;
    grant();
  }

  /**
   * Grants turns in the order of the requests. A turn that lacks processors is not overtaken, or turns that need few would
   * starve those that need many; a turn that only lacks its lane is, because the processors would be idle until then.
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
