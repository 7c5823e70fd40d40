package io.panallama.internal.flight;

import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records what leaves the KV cache and what comes back: an event that has begun. While nothing is recorded there is none, which
 * costs a branch. Each event belongs to one thread.
 */
public final class CacheFlight {
  /** Between the KV cache and host memory. */
  public static final String MEMORY = "memory";

  /** Between host memory and a file. */
  public static final String DISK = "disk";

  /** A retained prefix makes room. */
  public static final String ROOM = "room";

  /** A running generation makes room. */
  public static final String PREEMPTION = "preemption";

  /** A generation whose reader does not read makes room. */
  public static final String SUSPENSION = "suspension";

  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototypes {
    /** Never committed: they ask whether the events are recorded. */
    static final EvictEvent EVICT = new EvictEvent();

    static final SpillEvent SPILL = new SpillEvent();
    static final RestoreEvent RESTORE = new RestoreEvent();
  }

  private final Event event;

  private CacheFlight(Event event) {
    this.event = event;
    event.begin();
  }

  /** Cells are about to be taken; null if that is not recorded. */
  public static @Nullable CacheFlight evict() {
    return FlightRecorder.isInitialized() && Prototypes.EVICT.isEnabled() ? new CacheFlight(new EvictEvent()) : null;
  }

  /** A prefix is about to be copied out of the cache, or to a file; null if that is not recorded. */
  public static @Nullable CacheFlight spill() {
    return FlightRecorder.isInitialized() && Prototypes.SPILL.isEnabled() ? new CacheFlight(new SpillEvent()) : null;
  }

  /** A prefix is about to be copied into the cache, or read from a file; null if that is not recorded. */
  public static @Nullable CacheFlight restore() {
    return FlightRecorder.isInitialized() && Prototypes.RESTORE.isEnabled()
        ? new CacheFlight(new RestoreEvent())
        : null;
  }

  /**
   * The cells were taken.
   *
   * @param cause {@link #ROOM}, {@link #PREEMPTION} or {@link #SUSPENSION}
   */
  public static void evicted(@Nullable CacheFlight flight, String cause, int tokens) {
    if (flight != null && flight.event instanceof EvictEvent evict) {
      evict.end();
      evict.cause = cause;
      evict.tokens = tokens;
      evict.commit();
    }
  }

  /**
   * The prefix was copied.
   *
   * @param tier {@link #MEMORY} or {@link #DISK}
   */
  public static void copied(@Nullable CacheFlight flight, String tier, int tokens, long bytes) {
    if (flight != null && flight.event instanceof CopyEvent copy) {
      copy.end();
      copy.tier = tier;
      copy.tokens = tokens;
      copy.bytes = bytes;
      copy.commit();
    }
  }
}
