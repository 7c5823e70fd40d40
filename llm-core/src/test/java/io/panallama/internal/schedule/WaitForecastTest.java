package io.panallama.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.internal.schedule.Admission.Bounds;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Tenant;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitForecastTest {
  private static final double MILLI = 1e6;

  private final WaitForecast forecast = new WaitForecast();
  private long now = 1;
  private final Admission admission = new Admission(4, 4, 0, () -> now);

  private Place running(int maxTokens, int prompt, int processed, int generated) {
    Place place = admission.enter(new Applicant(Tenant.SHARED, 5, maxTokens, prompt, () -> 0), Bounds.ALL);
    place.started();
    place.processedTokens(processed);
    place.generatedTokens(generated);
    return place;
  }

  /** Answers of this length, with 1 ms for a prompt token and 10 ms for another. */
  private void learn(int times, int length) {
    for (int i = 0; i < times; i++) {
      forecast.learn(
          new Usage(100, 50, length, 0),
          new Timings(Duration.ZERO, Duration.ofMillis(50), Duration.ofMillis(10L * (length - 1))));
    }
  }

  private double millis(int ends, List<Place> running, int slots, double waitingTokens) {
    return forecast.times(ends, running, slots, waitingTokens, now)[ends - 1] / MILLI;
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(millis(1, List.of(running(100, 100, 0, 0)), 1, 0)).isZero();
  }

  @Test
  void whatIsLeftOfAnAnswerCounts() {
    learn(20, 100);
    // Of 100 tokens 60 are there. The answers vary by nothing, so little is added.
    assertThat(millis(1, List.of(running(GenerationOptions.UNLIMITED, 10, 10, 60)), 1, 0))
        .isCloseTo(400 * 1.3, within(1.0));
    assertThat(millis(1, List.of(running(70, 10, 10, 60)), 1, 0)).as("its own limit").isCloseTo(100 * 1.3, within(1.0));
    assertThat(millis(1, List.of(running(100, 200, 50, 0)), 1, 0)).as("the prompt").isCloseTo(1150 * 1.3, within(1.0));
  }

  @Test
  void slotsEndSideBySideAndThenTheNextRuns() {
    learn(20, 100);
    List<Place> both = List.of(running(100, 10, 10, 50), running(100, 10, 10, 90));
    assertThat(millis(1, both, 2, 100)).isCloseTo(100 * 1.3, within(1.0));
    assertThat(millis(2, both, 2, 100)).isCloseTo(500 * (1.1 + 0.2 / Math.sqrt(2)), within(1.0));
    // The slot of the first takes a prompt of 100 tokens and an answer.
    assertThat(millis(3, both, 2, 100)).isCloseTo(1200 * (1.1 + 0.2 / Math.sqrt(3)), within(1.0));
    assertThat(millis(1000, both, 2, 100)).isCloseTo(500 * 1100 * 1.1, within(15_000.0));
  }

  @Test
  void anAnswerThatIsLongerThanAllBeforeMayGoOn() {
    learn(20, 100);
    assertThat(millis(1, List.of(running(4096, 10, 10, 400)), 1, 0)).isCloseTo(2000 * 1.3, within(1.0));
  }

  @Test
  void runningAnswersTellTheSpeedBeforeAnyHasEnded() {
    Place place = running(200, 10, 10, 0);
    now += 1_000_000_000L;
    place.generatedTokens(100);
    assertThat(millis(1, List.of(place), 1, 0)).as("100 more at 10 ms").isCloseTo(1000 * (1.1 + 2 * 0.5), within(1.0));
  }

  @Test
  void answersThatVaryNeedMoreCaution() {
    learn(20, 100);
    double same = millis(4, List.of(), 1, 0);
    learn(10, 10);
    learn(10, 190);
    assertThat(millis(4, List.of(), 1, 0)).isGreaterThan(1.3 * same);
  }
}
