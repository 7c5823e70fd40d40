package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Notations of options, prompts, arrivals and phases. */
@Timeout(60)
class LoadTypesTest {
  @Test
  void lengthsOfTimeHaveUnits() {
    assertThat(Durations.parse("500ms")).isEqualTo(Duration.ofMillis(500));
    assertThat(Durations.parse("1.5s")).isEqualTo(Duration.ofMillis(1500));
    assertThat(Durations.parse("2m")).isEqualTo(Duration.ofMinutes(2));
    assertThat(Durations.parse("250us")).isEqualTo(Duration.ofNanos(250_000));
    assertThat(Durations.text(12.5)).isEqualTo("12.5ms");
    assertThat(Durations.text(30_000)).isEqualTo("30s");
    assertThat(Extent.parse("64")).isEqualTo(new Extent.Requests(64));
    assertThat(Extent.parse("30s")).isEqualTo(new Extent.Time(Duration.ofSeconds(30)));
    assertThat(Slo.parse("itl=50ms,ttft=0.5s")).hasToString("ttft=500ms,itl=50ms");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "ms", "-1s", "1e3s", "5 parsecs", "1.s"})
  void otherLengthsOfTimeAreRefused(String text) {
    assertThatThrownBy(() -> Durations.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ttft", "ttft=", "ttft=5", "speed=5ms", "ttft=0ms", "ttft=5ms,"})
  void otherObjectivesAreRefused(String text) {
    assertThatThrownBy(() -> Slo.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8080, http://127.0.0.1:8080",
    "localhost, http://localhost",
    "h:1/v1, http://h:1",
    "[::1]:8080, http://[::1]:8080",
    "https://h, https://h",
  })
  void anAddressMayLackItsScheme(String typed, String base) {
    assertThat(LoadTarget.of(typed).base()).hasToString(base);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":8080", "ftp://h", "a b", "file:///x"})
  void whatIsNoAddressOfAServerIsRefused(String typed) {
    assertThatThrownBy(() -> LoadTarget.of(typed)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theBaseMayEndWithV1() {
    assertThat(LoadTarget.of(URI.create("http://h:1/v1/")).route()).hasToString("http://h:1/v1/chat/completions");
    assertThat(LoadTarget.of(URI.create("http://h:1/a")).withChat(false).route())
        .hasToString("http://h:1/a/v1/completions");
    assertThatThrownBy(() -> LoadTarget.of(URI.create("h:1"))).isInstanceOf(IllegalArgumentException.class);
    assertThat(LoadTarget.of(URI.create("http://h")).withApiKey("secret").toString()).doesNotContain("secret");
  }

  @Test
  void plansOutOfRangeAreRefused() {
    assertThatThrownBy(() -> LoadPlan.builder().concurrency(0).build()).hasMessageContaining("concurrency");
    assertThatThrownBy(() -> LoadPlan.builder().rates(-1).build()).hasMessageContaining("rate");
    assertThatThrownBy(() -> LoadPlan.builder().scenario(Scenario.BURST).rates(1).build())
        .hasMessageContaining("burst has no arrivals");
    assertThatThrownBy(() -> LoadPlan.builder().extent(new Extent.Requests(0)).build())
        .hasMessageContaining("measured");
    assertThatThrownBy(() -> new Lengths(1, 1, 0, 1, 1)).hasMessageContaining("spread");
  }

  @Test
  void aPlanDoesNotFollowItsBuilder() {
    LoadPlan.Builder builder = LoadPlan.builder().seed(5);
    LoadPlan plan = builder.build();
    builder.seed(6).concurrency(9, 10);
    assertThat(plan.seed()).isEqualTo(5);
    assertThat(plan.concurrency()).containsExactly(1);
  }

  @Test
  void promptsAreTheSameForAPlaceAndNoOther() {
    PromptScale scale = new PromptScale(10, 2);
    Set<String> texts = new HashSet<>();
    // Rounds of disconnects have three parts each, from 10 on, so 100 and more are nothing unusual.
    List<Integer> parts = List.of(0, 1, 31, 99, 100, 101, 200);
    for (int row = 0; row < 4; row++) {
      for (int part : parts) {
        for (int number = -1; number < 20; number++) {
          Prompts prompts = new Prompts(7, scale);
          String text = prompts.text(prompts.random(row, part, number), 110);
          assertThat(text.split(" ")).hasSize(50);
          assertThat(prompts.text(prompts.random(row, part, number), 110)).isEqualTo(text);
          texts.add(text);
        }
      }
    }
    assertThat(texts).hasSize(4 * parts.size() * 21);
    Prompts other = new Prompts(8, scale);
    assertThat(texts).doesNotContain(other.text(other.random(0, 0, 0), 110));
  }

  @Test
  void theScaleIsTheLineThroughTwoPrompts() {
    PromptScale scale = PromptScale.through(32, 58, 160, 250);
    assertThat(scale.perWord()).isEqualTo(1.5);
    assertThat(scale.fixed()).isEqualTo(10);
    assertThat(scale.words(1000)).isEqualTo(660);
    assertThat(scale.words(1)).isEqualTo(1);
    assertThat(PromptScale.through(32, 5, 160, 5)).isEqualTo(PromptScale.GUESSED);
  }

  @Test
  void arrivalsAreEvenOrExponentialAndRepeatable() {
    Arrivals even = new Arrivals(4, false, 1);
    assertThat(IntStream.range(0, 3).mapToLong(_ -> even.next())).containsExactly(0L, 250_000_000L, 500_000_000L);

    int count = 100_000;
    Arrivals poisson = new Arrivals(1000, true, 3);
    Arrivals again = new Arrivals(1000, true, 3);
    long last = 0;
    int shorterThanTheMean = 0;
    for (int i = 0; i <= count; i++) {
      long next = poisson.next();
      assertThat(again.next()).isEqualTo(next).isGreaterThanOrEqualTo(last);
      shorterThanTheMean += i > 0 && next - last < 1_000_000 ? 1 : 0;
      last = next;
    }
    assertThat(last / 1e6).isCloseTo(count, within(count * 0.02));
    // 1 - 1/e of exponential gaps are shorter than their mean.
    assertThat((double) shorterThanTheMean / count).isCloseTo(1 - Math.exp(-1), within(0.01));
  }

  @Test
  void whatBeginsIsWarmUpThenMeasuredThenTooMuch() {
    Phases counted = Phases.closed(new Extent.Requests(2), 1, new Extent.Requests(1), 5);
    assertThat(counted.next(5)).contains(Sender.Manner.WARM_UP);
    assertThat(counted.next(6)).contains(Sender.Manner.WARM_UP);
    assertThat(counted.next(7)).contains(Sender.Manner.MEASURED);
    assertThat(counted.next(8)).isEmpty();
    assertThat(counted.window(20)).isEqualTo(new Window(7, 20));

    Extent nano = new Extent.Time(Duration.ofNanos(10));
    Phases timed = Phases.closed(nano, 3, nano, 100);
    assertThat(timed.next(109)).contains(Sender.Manner.WARM_UP);
    assertThat(timed.next(112)).contains(Sender.Manner.MEASURED);
    assertThat(timed.next(119)).contains(Sender.Manner.MEASURED);
    assertThat(timed.next(120)).isEqualTo(Optional.empty());
    assertThat(timed.window(500)).isEqualTo(new Window(110, 120));
  }

  @Test
  void everyClientHasAWarmUpUnlessThereIsNone() {
    Phases few = Phases.closed(new Extent.Requests(1), 3, new Extent.Requests(1), 0);
    for (int i = 0; i < 3; i++) {
      assertThat(few.next(i)).contains(Sender.Manner.WARM_UP);
    }
    assertThat(few.next(3)).contains(Sender.Manner.MEASURED);

    Phases none = Phases.closed(new Extent.Requests(0), 3, new Extent.Requests(1), 0);
    assertThat(none.next(0)).contains(Sender.Manner.MEASURED);
  }

  @Test
  void theWarmUpOfAnOpenLoopGoesOnUntilSoManyAreOver() {
    Phases phases = Phases.open(new Extent.Requests(2), new Extent.Requests(1), 0);
    for (int i = 0; i < 5; i++) {
      assertThat(phases.next(i)).contains(Sender.Manner.WARM_UP);
    }
    phases.dialogueOver();
    assertThat(phases.next(5)).contains(Sender.Manner.WARM_UP);
    phases.dialogueOver();
    assertThat(phases.isOver(6)).isFalse();
    assertThat(phases.next(6)).contains(Sender.Manner.MEASURED);
    assertThat(phases.isOver(7)).isTrue();
    assertThat(phases.window(20)).isEqualTo(new Window(6, 20));
  }

  @Test
  void theProcessorTimeOfThisProcessIsCounted() {
    CpuMeter meter = new CpuMeter();
    while (meter.share() == 0) {
      Thread.onSpinWait();
    }
    assertThat(meter.share()).isPositive();
  }
}
