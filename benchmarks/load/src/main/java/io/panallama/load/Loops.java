package io.panallama.load;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Closed and open loops. */
final class Loops {
  private Loops() {}

  /**
   * The result of a loop.
   *
   * @param records the records of all requests, including the warm-up
   * @param window the time of measuring
   */
  record Run(List<RequestRecord> records, Window window) {
    static Run of(List<RequestRecord> records, Phases phases) {
      long lastEnd =
          records.stream()
              .filter(record -> record.group().equals(Sender.Manner.MEASURED))
              .mapToLong(RequestRecord::end)
              .max()
              .orElse(0);
      return new Run(records, phases.window(lastEnd));
    }
  }

  /** Runs a closed loop: each client begins its next dialogue when its last one is over. */
  static Run closed(Clients clients, int concurrency, Dialogue.Source source, Extent warmUp, Extent extent)
      throws InterruptedException {
    LoadClock clock = clients.clock();
    Phases phases = Phases.closed(warmUp, concurrency, extent, clock.now());
    AtomicInteger dialogues = new AtomicInteger();
    for (int i = 0; i < concurrency; i++) {
      // Counted here and not on the client's thread, so that a fast client does not take a slow one's share of the
      // warm-up.
      Optional<String> first = phases.next(clock.now());
      clients.start(() -> {
        long now = clock.now();
        Optional<String> group = first;
        while (group.isPresent()) {
          RequestRecord last = clients.talk(source.number(dialogues.getAndIncrement()), group.get(), now);
          boolean failed = !last.isOk() && last.outcome() != Outcome.DROPPED;
          if (failed) {
            clock.sleepUntil(clock.now() + Clients.PAUSE_AFTER_FAILURE);
          }
          now = clock.now();
          group = phases.next(now);
        }
      });
    }
    clients.await();
    return Run.of(clients.records(), phases);
  }

  /**
   * Runs an open loop: dialogues begin when they arrive, whether or not the server keeps up. Beyond {@code maxInFlight} they wait
   * here, and that wait counts.
   */
  static Run open(
      Clients clients, Arrivals arrivals, int maxInFlight, Dialogue.Source source, Extent warmUp, Extent extent)
      throws InterruptedException {
    LoadClock clock = clients.clock();
    long start = clock.now();
    Phases phases = Phases.open(warmUp, extent, start);
    Semaphore room = new Semaphore(maxInFlight, true);
    int dialogues = 0;
    long arrival = start + arrivals.next();
    while (!phases.isOver(arrival)) {
      // Only now is it known which warm-up requests still run.
      clock.sleepUntil(arrival);
      Optional<String> group = phases.next(arrival);
      if (group.isEmpty()) {
        break;
      }
      Dialogue dialogue = source.number(dialogues++);
      String ownGroup = group.get();
      long intended = arrival;
      clients.start(() -> {
        room.acquire();
        try {
          clients.talk(dialogue, ownGroup, intended);
        } finally {
          room.release();
          phases.dialogueOver();
        }
      });
      arrival = start + arrivals.next();
    }
    clients.await();
    return Run.of(clients.records(), phases);
  }
}
