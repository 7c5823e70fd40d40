package io.panallama.server.load;

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

  @Test
  void aTimeEndsALoop() throws Exception {
    Sender second = (_, manner) -> record(manner, 1_000_000_000, Outcome.OK);
    try (Clients clients = new Clients(second, clock)) {
      Extent warmUp = new Extent.Time(Duration.ofSeconds(2));
      Loops.Run run = Loops.closed(clients, 1, SOURCE, warmUp, new Extent.Time(Duration.ofSeconds(5)));

      Map<String, Long> groups =
          run.records().stream().collect(Collectors.groupingBy(RequestRecord::group, Collectors.counting()));
      assertThat(groups).isEqualTo(Map.of(Sender.Manner.WARM_UP, 2L, Sender.Manner.MEASURED, 5L));
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
