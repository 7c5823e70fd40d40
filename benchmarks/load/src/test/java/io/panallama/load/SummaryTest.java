package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The arithmetic of results on given times. */
class SummaryTest {
  private static final long MS = 1_000_000;

  /** Three significant digits of a histogram. */
  private static final Offset<Double> DIGITS = within(0.5);

  private static RequestRecord record(
      String group, long intended, long sent, long end, Outcome outcome, long... events) {
    long[] nanos = LongStream.of(events).map(event -> event * MS).toArray();
    return new RequestRecord(
        0,
        1,
        group,
        intended * MS,
        sent * MS,
        end * MS,
        nanos,
        false,
        outcome,
        "",
        200,
        7,
        events.length,
        3,
        events.length,
        "length",
        -1,
        "");
  }

  private static RequestRecord ok(long intended, long sent, long end, long... events) {
    return record(Sender.Manner.MEASURED, intended, sent, end, Outcome.OK, events);
  }

  private static Summary of(List<RequestRecord> records, Window window, String slo, boolean closedLoop) {
    return Summary.of(records, Sender.Manner.MEASURED, List.of(window), Slo.parse(slo), closedLoop);
  }

  @Test
  void timesCountFromTheIntendedStart() {
    Summary summary = of(List.of(ok(100, 150, 400, 200, 300, 400)), new Window(0, 1000 * MS), "e2e=1s", false);

    assertThat(summary.ttft().max()).isCloseTo(100, DIGITS);
    assertThat(summary.queueWait().max()).isCloseTo(50, DIGITS);
    assertThat(summary.e2e().max()).isCloseTo(300, DIGITS);
    assertThat(summary.itl().count()).isEqualTo(2);
    assertThat(summary.itl().max()).isCloseTo(100, DIGITS);
    assertThat(summary.tpot().max()).isCloseTo(100, DIGITS);
    assertThat(summary.requestsPerSecond()).isEqualTo(1);
    assertThat(summary.tokensPerSecond()).isEqualTo(3);
  }

  @Test
  void percentilesAreThoseOfTheSamples() {
    Latency latency = Latency.of(LongStream.rangeClosed(1, 1000).map(i -> i * MS));

    assertThat(latency.count()).isEqualTo(1000);
    assertThat(latency.p50()).isCloseTo(500, DIGITS);
    assertThat(latency.p99()).isCloseTo(990, DIGITS);
    assertThat(latency.percentile(99.9)).isCloseTo(999, DIGITS);
    assertThat(latency.max()).isCloseTo(1000, DIGITS);
    assertThat(latency.mean()).isCloseTo(500.5, DIGITS);
    assertThat(latency.json()).containsKeys("p1_ms", "p99_ms", "p99.9_ms", "stddev_ms", "max_ms");
    assertThat(Latency.of(LongStream.empty()).p99()).isZero();
  }

  @Test
  void aStallCountsForThoseWhoWouldHaveComeMeanwhile() {
    List<RequestRecord> records = new ArrayList<>();
    for (int i = 0; i < 99; i++) {
      records.add(ok(10 * i, 10 * i, 10 * i + 10, 10 * i + 10));
    }
    records.add(ok(990, 990, 1990, 1990));

    Summary closed = of(records, new Window(0, 2000 * MS), "e2e=1s", true);
    Summary open = of(records, new Window(0, 2000 * MS), "e2e=1s", false);

    assertThat(closed.correctionMillis()).isCloseTo(10, within(0.1));
    // 1000 ms, and 990, 980 ... 10 of those that were not sent: 99 more.
    assertThat(closed.ttft().count()).isEqualTo(100);
    assertThat(closed.ttftCorrected().count()).isBetween(198L, 199L);
    assertThat(closed.ttft().percentile(75)).isCloseTo(10, DIGITS);
    assertThat(closed.ttftCorrected().percentile(75)).isCloseTo(500, within(15.0));
    assertThat(open.correctionMillis()).isZero();
    assertThat(open.ttftCorrected().count()).isEqualTo(100);
  }

  @Test
  void throughputCountsWhatCameInTheWindow() {
    // Two of four tokens lie in it, which is half an answer.
    Summary summary = of(List.of(ok(0, 0, 40, 10, 20, 30, 40)), new Window(15 * MS, 35 * MS), "e2e=1s", false);

    assertThat(summary.tokensPerSecond()).isCloseTo(100, within(1e-6));
    assertThat(summary.requestsPerSecond()).isCloseTo(25, within(1e-6));
    assertThat(summary.goodput()).isCloseTo(25, within(1e-6));
    assertThat(summary.seconds()).isCloseTo(0.02, within(1e-9));
  }

  @Test
  void answersThatBeganBeforeTheWindowOrEndAfterItAreNotWhole() {
    // A quarter of another client's warm-up answer arrives in the window; of two more answers, one ends in it.
    List<RequestRecord> records =
        List.of(
            record(Sender.Manner.WARM_UP, 0, 0, 110, Outcome.OK, 30, 60, 90, 110),
            ok(100, 100, 200, 150, 200),
            ok(1000, 1000, 5000, 1050, 5000));
    Summary summary = of(records, new Window(100 * MS, 1100 * MS), "ttft=1s", false);

    assertThat(summary.good()).isEqualTo(2);
    assertThat(summary.requestsPerSecond()).isCloseTo(1.75, within(1e-9));
    assertThat(summary.goodput()).isEqualTo(summary.requestsPerSecond());
    // 1, 2 and 1.
    assertThat(summary.tokensPerSecond()).isCloseTo(4, within(1e-9));
  }

  @Test
  void whatHasNoTextIsMissingInTheTimeToFirstToken() {
    List<RequestRecord> records =
        List.of(
            ok(0, 0, 20, 10, 20),
            record(Sender.Manner.MEASURED, 0, 0, 500, Outcome.TIMEOUT),
            record(Sender.Manner.MEASURED, 0, 0, 500, Outcome.TIMEOUT, 10),
            record(Sender.Manner.MEASURED, 0, 0, 500, Outcome.DROPPED),
            record(Sender.Manner.WARM_UP, 0, 0, 500, Outcome.TIMEOUT));
    Summary summary = of(records, new Window(0, 1000 * MS), "ttft=100ms", false);

    assertThat(summary.ttft().count()).isEqualTo(2);
    assertThat(summary.ttftMissing()).isEqualTo(1);
    assertThat(summary.e2e().count()).isEqualTo(1);
    assertThat(summary.json(Slo.none())).containsEntry("ttft_missing", 1).containsEntry("e2e_missing", 2);
  }

  @Test
  void warmUpIsNotMeasuredButItsTokensInTheWindowWereComputed() {
    RequestRecord warm = record(Sender.Manner.WARM_UP, 0, 0, 30, Outcome.OK, 10, 20, 30);
    Summary summary = of(List.of(warm, ok(15, 15, 40, 25, 40)), new Window(15 * MS, 1015 * MS), "e2e=1s", false);

    assertThat(summary.requests()).isEqualTo(1);
    assertThat(summary.ttft().count()).isEqualTo(1);
    assertThat(summary.tokensPerSecond()).isCloseTo(4, within(1e-9));
  }

  @Test
  void failuresAreCountedByKindAndAreNeverGood() {
    RequestRecord refused =
        new RequestRecord(
            1,
            1,
            Sender.Manner.MEASURED,
            0,
            0,
            MS,
            new long[0],
            false,
            Outcome.STATUS,
            "full",
            429,
            -1,
            -1,
            -1,
            4,
            "",
            -1,
            "");
    List<RequestRecord> records =
        List.of(
            ok(0, 0, 20, 10, 20),
            ok(0, 0, 200, 150, 200),
            refused,
            record(Sender.Manner.MEASURED, 0, 0, 20, Outcome.TRUNCATED, 10),
            record(Sender.Manner.MEASURED, 0, 0, 20, Outcome.DROPPED, 10));

    Summary summary = of(records, new Window(0, 1000 * MS), "ttft=100ms", false);

    assertThat(summary.requests()).isEqualTo(5);
    assertThat(summary.ok()).isEqualTo(2);
    assertThat(summary.dropped()).isEqualTo(1);
    assertThat(summary.failed()).isEqualTo(2);
    assertThat(summary.errors()).containsOnly(Map.entry("status 429", 1), Map.entry("truncated stream", 1));
    assertThat(summary.example()).isEqualTo("full");
    assertThat(summary.good()).isEqualTo(1);
    assertThat(summary.goodput()).isEqualTo(1);
    assertThat(summary.json(Slo.parse("ttft=100ms")).get("good_share")).isEqualTo(0.25);
  }

  @Test
  void aGoodRequestKeepsEveryLimit() {
    RequestRecord request = ok(0, 0, 300, 100, 110, 120, 300);

    assertThat(Slo.none().isMetBy(request)).isTrue();
    assertThat(Slo.parse("ttft=100ms,e2e=300ms").isMetBy(request)).isTrue();
    assertThat(Slo.parse("ttft=99ms").isMetBy(request)).isFalse();
    // The slowest gap, since there are fewer than a hundred.
    assertThat(Slo.parse("itl=179ms").isMetBy(request)).isFalse();
    assertThat(Slo.parse("itl=180ms").isMetBy(request)).isTrue();
    assertThat(Slo.parse("tpot=66ms").isMetBy(request)).isFalse();
    assertThat(Slo.parse("tpot=67ms").isMetBy(request)).isTrue();
    assertThat(Slo.parse("ttft=1s").isMetBy(ok(0, 0, 10))).isFalse();
  }
}
