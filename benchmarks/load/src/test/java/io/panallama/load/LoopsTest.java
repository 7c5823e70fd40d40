package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loops on a clock that jumps, with a sender that answers when a test says so. */
@Timeout(30)
class LoopsTest {
  private static final Extent NONE = new Extent.Requests(0);
  private static final Dialogue.Source SOURCE = number -> Dialogue.of(Turn.user("request " + number, 4));

  /** Time passes only by waiting. */
  private static final class JumpingClock implements LoadClock {
    private final AtomicLong time = new AtomicLong();

    @Override
    public long now() {
      return time.get();
    }

    @Override
    public void sleepUntil(long nanos) {
      time.accumulateAndGet(nanos, Math::max);
    }
  }

  private final JumpingClock clock = new JumpingClock();

  private RequestRecord record(Sender.Manner manner, long took, Outcome outcome) {
    long sent = clock.now();
    clock.sleepUntil(sent + took);
    return new RequestRecord(
        manner.index(),
        1,
        manner.group(),
        manner.intended(),
        sent,
        clock.now(),
        new long[] {clock.now()},
        false,
        outcome,
        "",
        200,
        1,
        1,
        0,
        4,
        "length",
        -1,
        "");
  }

  @Test
  void anOpenLoopIntendsArrivalsWhateverTheServerDoes() throws Exception {
    CountDownLatch allSent = new CountDownLatch(5);
    Sender slow =
        (_, manner) -> {
          allSent.countDown();
          allSent.await();
          return record(manner, 0, Outcome.OK);
        };
    try (Clients clients = new Clients(slow, clock)) {
      Loops.Run run = Loops.open(clients, new Arrivals(1000, false, 1), 99, SOURCE, NONE, new Extent.Requests(5));

      assertThat(run.records())
          .extracting(RequestRecord::intended)
          .containsExactlyInAnyOrder(0L, 1_000_000L, 2_000_000L, 3_000_000L, 4_000_000L);
    }
  }

  @Test
  void whoWaitsForRoomIsLateAndThatCounts() throws Exception {
    AtomicInteger running = new AtomicInteger();
    Sender oneSecond =
        (_, manner) -> {
          assertThat(running.incrementAndGet()).isEqualTo(1);
          RequestRecord record = record(manner, 1_000_000_000, Outcome.OK);
          running.decrementAndGet();
          return record;
        };
    try (Clients clients = new Clients(oneSecond, clock)) {
      Loops.Run run = Loops.open(clients, new Arrivals(1000, false, 1), 1, SOURCE, NONE, new Extent.Requests(3));

      // Arrivals are a millisecond apart, the last answer ends after three seconds.
      List<RequestRecord> records = run.records();
      RequestRecord last = records.getLast();
      assertThat(last.end()).isGreaterThanOrEqualTo(3_000_000_000L);
      assertThat(last.queueWait()).isGreaterThanOrEqualTo(1_990_000_000L);
      assertThat(last.endToEnd()).isGreaterThanOrEqualTo(2_990_000_000L);
    }
  }

  private static Map<String, Long> groups(Loops.Run run) {
    return run.records().stream().collect(Collectors.groupingBy(RequestRecord::group, Collectors.counting()));
  }

  @Test
  void theFirstRequestOfEveryClientIsWarmUp() throws Exception {
    Sender sender = (_, manner) -> record(manner, 1, Outcome.OK);
    try (Clients clients = new Clients(sender, clock)) {
      Loops.Run run = Loops.closed(clients, 5, SOURCE, new Extent.Requests(2), new Extent.Requests(7));
      assertThat(groups(run)).isEqualTo(Map.of(Sender.Manner.WARM_UP, 5L, Sender.Manner.MEASURED, 7L));
    }
  }

  @Test
  void anOpenLoopMeasuresNothingBeforeItsWarmUpIsOver() throws Exception {
    CountDownLatch three = new CountDownLatch(3);
    Sender slowAtFirst =
        (_, manner) -> {
          three.countDown();
          three.await();
          return record(manner, 0, Outcome.OK);
        };
    try (Clients clients = new Clients(slowAtFirst, clock)) {
      Arrivals arrivals = new Arrivals(1000, false, 1);
      Loops.Run run = Loops.open(clients, arrivals, 1024, SOURCE, new Extent.Requests(2), new Extent.Requests(5));

      // The third begins while the first two run. How many more follow until two are over is undefined.
      assertThat(groups(run).get(Sender.Manner.WARM_UP)).isGreaterThanOrEqualTo(3);
      assertThat(groups(run).get(Sender.Manner.MEASURED)).isEqualTo(5);
      long secondEnd =
          run.records().stream()
              .filter(record -> record.group().equals(Sender.Manner.WARM_UP))
              .mapToLong(RequestRecord::end)
              .sorted()
              .skip(1)
              .findFirst()
              .orElseThrow();
      assertThat(run.records())
          .filteredOn(record -> record.group().equals(Sender.Manner.MEASURED))
          .allMatch(record -> record.intended() >= secondEnd);
    }
  }

  @Test
  void aTimeEndsALoop() throws Exception {
    Sender second = (_, manner) -> record(manner, 1_000_000_000, Outcome.OK);
    try (Clients clients = new Clients(second, clock)) {
      Extent warmUp = new Extent.Time(Duration.ofSeconds(2));
      Loops.Run run = Loops.closed(clients, 1, SOURCE, warmUp, new Extent.Time(Duration.ofSeconds(5)));

      assertThat(groups(run)).isEqualTo(Map.of(Sender.Manner.WARM_UP, 2L, Sender.Manner.MEASURED, 5L));
      assertThat(run.window()).isEqualTo(new Window(2_000_000_000L, 7_000_000_000L));
    }
  }

  @Test
  void aRefusedClientDoesNotFlood() throws Exception {
    Sender refusing = (_, manner) -> record(manner, 0, Outcome.STATUS);
    try (Clients clients = new Clients(refusing, clock)) {
      Loops.Run run = Loops.closed(clients, 1, SOURCE, NONE, new Extent.Time(Duration.ofSeconds(1)));
      assertThat(run.records()).hasSize(10);
    }
  }
}
