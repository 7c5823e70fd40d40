package io.panallama.server.http;

import io.panallama.error.GenerationException;
import io.panallama.server.dialect.ApiException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds what the bodies of requests take of the Java heap at a time, so that many large ones neither exhaust it nor keep the garbage
 * collector busy: a large body waits until those before it are read. Small ones never wait. Safe for any thread.
 */
final class BodyBudget {
  /** A body of so many bytes is small, as most are. */
  static final int SMALL = 64 << 10;

  /** As bytes, decoded as text, and a copy of each. */
  private static final int COPIES = 4;

  private static final int UNIT = 1024;

  /** Less than the time that clients have to send a request, which passes meanwhile. */
  private static final long PATIENCE_SECONDS = 10;

  /** For the bytes of bodies that are arriving or being read: an eighth of the heap. */
  private final Semaphore arriving;

  /** For the trees made of them, which can have thirty times their size: as many as there are processors, fewer in a small heap. */
  private final Semaphore reading;

  private final int mostArriving;
  private final int mostReading;

  /**
   * A budget.
   *
   * @param largest the most bytes of a body; one of that size always fits
   * @param heap the most bytes of the Java heap
   * @param processors how many bodies can be read at a time
   */
  BodyBudget(long largest, long heap, int processors) {
    mostArriving = units(Math.max(largest * COPIES, heap / 8));
    mostReading = units(Math.clamp(heap / 128, largest, largest * processors));
    arriving = new Semaphore(mostArriving, true);
    reading = new Semaphore(mostReading, true);
  }

  private static int units(long bytes) {
    return (int) Math.min(Integer.MAX_VALUE, (bytes + UNIT - 1) / UNIT);
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
    private int arrivingUnits;
    private int readingUnits;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Room() {}

    /**
     * Waits until there is room for so many bytes. What a client has only announced takes none.
     *
     * @throws ApiException if there is none for too long
     * @throws GenerationException if the thread is interrupted, with {@link GenerationException.Reason#INTERRUPTED}
     */
    void grow(long bytes) {
      int units = bytes <= SMALL ? 0 : Math.min(mostArriving, units(bytes * COPIES));
      if (units <= arrivingUnits) {
        return;
      }
      try {
        if (!arriving.tryAcquire(units - arrivingUnits, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          throw ApiException.tooManyLargeBodies();
        }
      } catch (InterruptedException interrupted) {
        throw ended(interrupted);
      }
      arrivingUnits = units;
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
      if (closed.compareAndSet(false, true)) {
        arriving.release(arrivingUnits);
        reading.release(readingUnits);
      }
    }
  }
}
