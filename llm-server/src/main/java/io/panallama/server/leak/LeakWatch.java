package io.panallama.server.leak;

import io.panallama.server.leak.LeakProbe.Measurement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Measures from time to time and logs a leak once it is certain. Lifetime: {@link #start} to {@link #close}, on a virtual thread of its
 * own, which takes some hundred microseconds each time. Safe for use by several threads.
 */
public final class LeakWatch implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("io.panallama.server.leak");
  private static final Duration PAUSE = Duration.ofSeconds(5);

  /** The owners of the processes that compute. */
  private static final List<Owner> OF_WORKERS =
      List.of(Owner.WORKER_MEMORY, Owner.WORKER_THREADS, Owner.WORKER_DESCRIPTORS);

  private final LeakProbe probe;
  private final LongSupplier requests;
  private final LeakDetector detector;
  private final ReentrantLock lock = new ReentrantLock();
  private final Thread thread = Thread.ofVirtual().name("panallama-leak-watch").unstarted(this::run);
  private Set<Long> workers = Set.of();

  /**
   * A watch that has not begun.
   *
   * @param requests how many requests have been answered
   */
  public LeakWatch(LeakProbe probe, LongSupplier requests, LeakSettings settings) {
    this.probe = probe;
    this.requests = requests;
    this.detector = new LeakDetector(settings);
  }

  /** Begins to measure every five seconds. */
  public LeakWatch start() {
    thread.start();
    return this;
  }

  private void run() {
    try {
      while (true) {
        Thread.sleep(PAUSE);
        measure();
      }
    } catch (InterruptedException closed) {
      // The server is closed.
      return;
    }
  }

  /** Measures now; returns the leaks that have just become certain, which were logged. */
  public List<Leak> measure() {
    lock.lock();
    try {
      Measurement measurement = probe.measure();
      if (!measurement.workers().equals(workers)) {
        workers = measurement.workers();
        OF_WORKERS.forEach(detector::forget);
      }
      List<Leak> leaks = detector.add(requests.getAsLong(), measurement.values());
      leaks.forEach(leak -> LOG.log(System.Logger.Level.WARNING, leak.message()));
      return leaks;
    } catch (RuntimeException unreadable) {
      // A measurement is worth nothing if it disturbs the server.
      LOG.log(System.Logger.Level.DEBUG, "The server could not be measured.", unreadable);
      return List.of();
    } finally {
      lock.unlock();
    }
  }

  /** Whether an owner leaks now. */
  public boolean leaks(Owner owner) {
    lock.lock();
    try {
      return detector.leaks(owner);
    } finally {
      lock.unlock();
    }
  }

  /** The growth of an owner per 1,000 requests; 0 while it is unknown. */
  public double perThousand(Owner owner) {
    lock.lock();
    try {
      return detector.perThousand(owner);
    } finally {
      lock.unlock();
    }
  }

  /** Ends the measuring. Repeating it is harmless. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
