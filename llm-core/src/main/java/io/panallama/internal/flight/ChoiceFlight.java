package io.panallama.internal.flight;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records a token that is chosen outside of the engine thread. While nothing is recorded there is none, which costs a branch. For
 * the thread that chooses.
 */
public final class ChoiceFlight {
  /** A logit processor chooses. */
  public static final String PROCESSOR = "processor";

  /** A sample takes much work on a grammar. */
  public static final String GRAMMAR = "grammar";

  /** Made once there is a flight recorder: the class of an event takes a new process tens of milliseconds. */
  private static final class Prototype {
    /** Never committed: asks whether the event is recorded. */
    static final ChoiceEvent EVENT = new ChoiceEvent();
  }

  private final ChoiceEvent event = new ChoiceEvent();

  private ChoiceFlight(String by) {
    event.by = by;
    event.begin();
  }

  /**
   * A choice begins; null if that is not recorded.
   *
   * @param by {@link #PROCESSOR} or {@link #GRAMMAR}
   */
  public static @Nullable ChoiceFlight begin(String by) {
    return FlightRecorder.isInitialized() && Prototype.EVENT.isEnabled() ? new ChoiceFlight(by) : null;
  }

  /** The token was chosen, or that has failed. */
  public static void end(@Nullable ChoiceFlight flight) {
    if (flight != null) {
      flight.event.commit();
    }
  }
}
