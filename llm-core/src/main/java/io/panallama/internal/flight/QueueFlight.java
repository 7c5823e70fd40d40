package io.panallama.internal.flight;

import jdk.jfr.FlightRecorder;

/** Records how long generations wait for their first step. Safe for use by several threads. */
public final class QueueFlight {
  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototype {
    /** Never committed: asks whether the event is recorded. */
    static final QueueEvent EVENT = new QueueEvent();
  }

  private QueueFlight() {}

  /** Whether the event is recorded. */
  public static boolean isRecorded() {
    return FlightRecorder.isInitialized() && Prototype.EVENT.isEnabled();
  }

  /**
   * Records that a generation gets its first step.
   *
   * @param waited nanoseconds since its submission
   * @param cachedTokens number of its prompt's tokens that the KV cache had
   */
  public static void admitted(long generation, long waited, int promptTokens, int cachedTokens) {
    QueueEvent event = new QueueEvent();
    event.generation = generation;
    event.waited = waited;
    event.promptTokens = promptTokens;
    event.cachedTokens = cachedTokens;
    event.commit();
  }
}
