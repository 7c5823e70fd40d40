package io.panallama.internal.flight;

import jdk.jfr.FlightRecorder;

/** Records when readers get tokens. Safe for use by several threads. */
public final class EmitFlight {
  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototype {
    /** Never committed: asks whether the event is recorded, which allocates nothing. */
    static final EmitEvent EVENT = new EmitEvent();
  }

  /** A reader that takes tokens one after the other was elsewhere if it did not come for this long. */
  public static final long ABSENCE_NANOS = 1_000_000;

  private EmitFlight() {}

  /** Whether the event is recorded. */
  public static boolean isRecorded() {
    return FlightRecorder.isInitialized() && Prototype.EVENT.isEnabled();
  }

  /**
   * Records that a reader takes a token.
   *
   * @param waiting number of tokens that wait for it
   * @param latency nanoseconds since the oldest of them was sampled, or had arrived from the process that samples
   * @param bulk whether the reader wanted many at once
   */
  public static void emitted(long generation, long waiting, long latency, boolean bulk) {
    EmitEvent event = new EmitEvent();
    event.generation = generation;
    event.waiting = waiting;
    event.latency = latency;
    event.bulk = bulk;
    event.commit();
  }
}
