package io.panallama.internal.engine;

import io.panallama.internal.engine.TrafficScenario.Action;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever happens around it, a request gets what it would get alone: reuse, spilling, branches, pauses, cancellations,
 * shifts, broken steps and want of room, on a fake that notices every cell that is wrong.
 */
@Timeout(120)
class RandomTrafficTest {
  private static final int SCENARIOS = 500;

  @Test
  void everyRequestGetsWhatItWouldGetAlone() {
    for (long seed = 0; seed < SCENARIOS; seed++) {
      TrafficScenario scenario = TrafficScenario.random(seed);
      String fault = TrafficPlayer.play(scenario);
      if (fault != null) {
        throw new AssertionError(describe(seed, shrink(scenario), fault));
      }
    }
  }

  /** Leaves out what is not needed for some fault. */
  private static TrafficScenario shrink(TrafficScenario failing) {
    TrafficScenario smallest = failing;
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      for (int i = smallest.actions().size() - 1; i >= 0; i--) {
        List<Action> fewer = new ArrayList<>(smallest.actions());
        fewer.remove(i);
        TrafficScenario candidate = smallest.with(fewer);
        if (TrafficPlayer.play(candidate) != null) {
          smallest = candidate;
          smaller = true;
        }
      }
    }
    return smallest;
  }

  private static String describe(long seed, TrafficScenario smallest, @Nullable String fault) {
    StringBuilder text = new StringBuilder("seed " + seed + ": " + fault + "\nshrunk to " + smallest.with(List.of()));
    smallest.actions().forEach(action -> text.append("\n  ").append(action));
    return text.append("\nwhere: ").append(TrafficPlayer.play(smallest)).toString();
  }
}
