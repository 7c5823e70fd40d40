package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.internal.engine.TrafficPlayer.Outcome;
import io.panallama.internal.engine.TrafficScenario.Action;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens around it, a request gets what it would get alone: reuse, spilling, branches, pauses, cancellations,
 * shifts, broken steps and want of room, on a fake that notices every cell that is wrong.
 */
@Timeout(120)
class RandomTrafficTest {
  private static final int SCENARIOS = 500;

  @TempDir private Path folder;

  @Test
  void everyRequestGetsWhatItWouldGetAlone() {
    long shares = 0;
    long restores = 0;
    long preemptions = 0;
    for (long seed = 0; seed < SCENARIOS; seed++) {
      TrafficScenario scenario = TrafficScenario.random(seed);
      Outcome outcome = TrafficPlayer.play(scenario, folder);
      if (outcome.fault() != null) {
        throw new AssertionError(describe(seed, shrink(scenario), outcome.fault()));
      }
      shares += outcome.shares();
      restores += outcome.restores();
      preemptions += outcome.preemptions();
    }
    assertThat(shares).as("beginnings that were shared").isGreaterThan(2 * SCENARIOS);
    assertThat(restores).as("beginnings that came back").isGreaterThan(SCENARIOS / 2);
    assertThat(preemptions).as("sequences that were pushed out").isGreaterThan(SCENARIOS / 25);
  }

  /** Leaves out what is not needed for some fault. */
  private TrafficScenario shrink(TrafficScenario failing) {
    TrafficScenario smallest = failing;
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      for (int i = smallest.actions().size() - 1; i >= 0; i--) {
        List<Action> fewer = new ArrayList<>(smallest.actions());
        fewer.remove(i);
        TrafficScenario candidate = smallest.with(fewer);
        if (TrafficPlayer.play(candidate, folder).fault() != null) {
          smallest = candidate;
          smaller = true;
        }
      }
    }
    return smallest;
  }

  private String describe(long seed, TrafficScenario smallest, @Nullable String fault) {
    StringBuilder text = new StringBuilder("seed " + seed + ": " + fault + "\nshrunk to " + smallest.with(List.of()));
    smallest.actions().forEach(action -> text.append("\n  ").append(action));
    return text.append("\nwhere: ").append(TrafficPlayer.play(smallest, folder).fault()).toString();
  }
}
