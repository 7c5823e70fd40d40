package io.panallama.server.http;

import io.panallama.error.GenerationException;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what the bodies of requests take of the Java heap at a time, so that many large ones neither exhaust it nor keep the garbage
 * collector busy: a large body waits until those before it are read. Small ones never wait. Safe for any thread.
 *
 * <p>A body gets its room as it arrives, because what a client has only announced takes none. When all room is taken by bodies that
 * are not complete, none of them would ever be; so one at a time, the first that waits, may take more than there is.
 */
final class BodyBudget {
  /** A body of so many bytes is small, as most are. */
  static final int SMALL = 64 << 10;

  /** As bytes, decoded as text, and a copy of each. */
  private static final int COPIES = 4;

  private static final int UNIT = 1024;

  /** Less than the time that clients have to send a request, which passes meanwhile. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ReentrantLock lock = new ReentrantLock();

  /** Those that wait for room, the first one in front. */
  private final Deque<Room> waiting = new ArrayDeque<>();

  /** For the bytes of bodies that are arriving or being read: with the largest body beyond, an eighth of the heap. */
  private final int room;

  private int taken;

  /** The body that may take more than there is; null if none does. */
  private @Nullable Room beyond;

  /** For the trees made of them, which can have thirty times their size: as many as there are processors, fewer in a small heap. */
  private final Semaphore reading;

  private final int mostReading;

  /**
   * A budget.
   *
   * @param largest the most bytes of a body; one of that size always fits
   * @param heap the most bytes of the Java heap
   * @param processors how many bodies can be read at a time
   */
  BodyBudget(long largest, long heap, int processors) {
    int whole = units(largest * COPIES);
    room = Math.max(whole / 2, units(heap / 8) - whole);
    mostReading = units(Math.clamp(heap / 128, largest, largest * processors));
    reading = new Semaphore(mostReading, true);
  }

  private static int units(long bytes) {
    return (int) Math.min(Integer.MAX_VALUE / 4, (bytes + UNIT - 1) / UNIT);
  }

  /** Room for a body, as yet for a small one. */
  Room room() {
    return new Room();
  }

  private static GenerationException ended(InterruptedException interrupted) {
    Thread.currentThread().interrupt();
    return new GenerationException(
        GenerationException.Reason.INTERRUPTED, "The request ended while it waited to be read.", interrupted);
  }

  /** Room for one body, until it is closed. Closing it again does nothing. For the thread of the request, but for {@link #close}. */
  final class Room implements AutoCloseable {
    private final Condition turn = lock.newCondition();
    private int arrivingUnits;
    private int readingUnits;
    private boolean closed;

    private Room() {}

    /**
     * Waits until there is room for so many bytes. What a client has only announced takes none.
     *
     * @throws ApiException if there is none for too long
     * @throws GenerationException if the thread is interrupted, with {@link GenerationException.Reason#INTERRUPTED}
     */
    void grow(long bytes) {
      int more = bytes <= SMALL ? 0 : units(bytes * COPIES) - arrivingUnits;
      if (more <= 0) {
        return;
      }
      lock.lock();
      try {
        if (beyond != this && !(waiting.isEmpty() && mayTake(more))) {
          awaitTurn(more);
        }
        taken += more;
        arrivingUnits += more;
      } catch (InterruptedException interrupted) {
        throw ended(interrupted);
      } finally {
        lock.unlock();
      }
    }

    /** Whether there is room for that, or this may be the one that goes beyond; then it is. */
    private boolean mayTake(int more) {
      if (more <= room - taken) {
        return true;
      }
      if (beyond == null) {
        beyond = this;
      }
      return beyond == this;
    }

    private void awaitTurn(int more) throws InterruptedException {
      waiting.addLast(this);
      try {
        long left = PATIENCE_NANOS;
        while (waiting.getFirst() != this || !mayTake(more)) {
          if (left <= 0) {
            throw ApiException.tooManyLargeBodies();
          }
          left = turn.awaitNanos(left);
        }
      } finally {
        waiting.remove(this);
        wakeFirst();
      }
    }

    /**
     * Waits until the body may be read; call it once, when all of it is there.
     *
     * @param bytes how many it has
     * @throws GenerationException if the thread is interrupted, with {@link GenerationException.Reason#INTERRUPTED}
     */
    void read(int bytes) {
      if (bytes > SMALL) {
        int units = Math.min(mostReading, units(bytes));
        try {
          reading.acquire(units);
        } catch (InterruptedException interrupted) {
          throw ended(interrupted);
        }
        readingUnits = units;
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        if (closed) {
          return;
        }
        closed = true;
        taken -= arrivingUnits;
        if (beyond == this) {
          beyond = null;
        }
        wakeFirst();
      } finally {
        lock.unlock();
      }
      reading.release(readingUnits);
    }
  }

  private void wakeFirst() {
    Room first = waiting.peekFirst();
    if (first != null) {
      first.turn.signal();
    }
  }
}
