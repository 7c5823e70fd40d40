package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The scenario's arithmetic on given times. */
@Timeout(30)
class IntrusionTest {
  private static final long MS = 1_000_000;
  private static final int AFTER = 3;

  private final CountDownLatch prompted = new CountDownLatch(1);
  private int baselineEvents = 10;
  private boolean answered = true;

  /** The groups of streams in the order in which they ran; one stream. */
  private final List<String> order = new CopyOnWriteArrayList<>();

  /** A token every 10 ms; with the prompt, which is computed from 35 to 70 ms, the fourth one arrives only at 75. */
  private RequestRecord send(Turn turn, Sender.Manner manner) throws InterruptedException {
    if (!manner.group().equals(Intrusion.INTRUDER)) {
      order.add(manner.group());
    }
    return switch (manner.group()) {
      case Intrusion.BASELINE -> record(manner, 0, LongStream.rangeClosed(1, baselineEvents).map(i -> 10 * i));
      case Intrusion.BESIDE -> {
        for (int i = 1; i <= AFTER; i++) {
          manner.onEvent().accept(i);
        }
        prompted.await();
        yield record(manner, 0, LongStream.of(10, 20, 30, 75, 85, 95, 105, 115, 125, 135));
      }
      default -> {
        prompted.countDown();
        assertThat(turn.text().split(" ")).hasSize(300);
        yield record(manner, 35, answered ? LongStream.of(70) : LongStream.empty());
      }
    };
  }

  private static RequestRecord record(Sender.Manner manner, long sent, LongStream events) {
    long[] nanos = events.map(event -> event * MS).toArray();
    return new RequestRecord(
        manner.index(),
        1,
        manner.group(),
        sent * MS,
        sent * MS,
        140 * MS,
        nanos,
        false,
        Outcome.OK,
        "",
        200,
        300,
        nanos.length,
        0,
        10,
        "length",
        -1,
        "");
  }

  private static LoadPlan.Builder plan() {
    return LoadPlan.builder()
        .scenario(Scenario.INTRUSION)
        .warmUp(new Extent.Requests(0))
        .rounds(1)
        .lengths(new Lengths(30, 10, 0, 1, 0))
        .intruder(300, AFTER);
  }

  private List<LoadRow> run(LoadPlan plan, int streams) throws InterruptedException {
    Prompts prompts = new Prompts(1, new PromptScale(0, 1));
    return Intrusion.run(new Row(0, plan, prompts, this::send, LoadClock.system(), new CpuMeter()), streams);
  }

  private LoadRow run(int streams) throws InterruptedException {
    List<LoadRow> rows = run(plan().build(), streams);
    assertThat(rows).hasSize(2);
    assertThat(rows.getFirst().summary().itl().max()).isCloseTo(10, within(0.1));
    return rows.getLast();
  }

  @Test
  void gapsDuringThePrefillAreComparedWithTheSameTokensWithoutIt() throws InterruptedException {
    LoadRow row = run(2);

    Latency during = row.latencies().get("ITL during the prefill");
    Latency same = row.latencies().get("ITL of the same tokens, baseline");
    assertThat(during.count()).isEqualTo(2);
    assertThat(during.max()).isCloseTo(45, within(0.1));
    assertThat(same.count()).isEqualTo(2);
    assertThat(same.max()).isCloseTo(10, within(0.1));
    assertThat(row.latencies().get("TTFT of the long prompt").max()).isCloseTo(35, within(0.1));
    assertThat(row.summary().requests()).isEqualTo(2);
    assertThat(row.facts())
        .containsEntry("long prompts answered", 1L)
        .containsEntry("long prompt tokens", 300)
        .containsEntry("streams over before its first token", 0)
        .containsEntry("gaps without a baseline counterpart", 0);
  }

  @Test
  void whatHasNoCounterpartIsCountedAndNotCompared() throws InterruptedException {
    baselineEvents = 3;
    LoadRow row = run(1);

    assertThat(row.latencies().get("ITL during the prefill").count()).isZero();
    assertThat(row.facts()).containsEntry("gaps without a baseline counterpart", 1);
  }

  @Test
  void aLongPromptWithoutAnAnswerComparesNothing() throws InterruptedException {
    answered = false;
    LoadRow row = run(1);

    assertThat(row.latencies().get("ITL during the prefill").count()).isZero();
    assertThat(row.latencies().get("TTFT of the long prompt").count()).isZero();
  }

  @Test
  void thePlanSaysWhichRunIsFirstAndRoundsAlternate() throws InterruptedException {
    run(plan().build(), 1);
    run(plan().baselineFirst(false).build(), 1);
    run(plan().rounds(2).warmUp(new Extent.Requests(1)).build(), 1);

    assertThat(order)
        .containsExactly(
            Intrusion.BASELINE,
            Intrusion.BESIDE,
            Intrusion.BESIDE,
            Intrusion.BASELINE,
            // The warm-up has the opposite order of the first measured round.
            Intrusion.BESIDE,
            Intrusion.BASELINE,
            Intrusion.BASELINE,
            Intrusion.BESIDE,
            Intrusion.BESIDE,
            Intrusion.BASELINE);
  }
}
