package io.panallama.server.load;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Closed and open loops. */
final class Loops {
  private Loops() {}

  /**
   * What a loop left.
   *
   * @param records of all requests, those of the warm-up included
   * @param window when measuring took place
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

  /** A closed loop: each client begins its next dialogue when its last one is over. */
  static Run closed(Clients clients, int concurrency, Dialogue.Source source, Extent warmUp, Extent extent)
      throws InterruptedException {
    LoadClock clock = clients.clock();
    Phases phases = new Phases(warmUp, extent, clock.now());
    AtomicInteger dialogues = new AtomicInteger();
    for (int i = 0; i < concurrency; i++) {
      clients.start(() -> {
        long now = clock.now();
        Optional<String> group = phases.next(now);
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
   * An open loop: dialogues begin when they arrive, whether the server keeps up or not. Beyond {@code maxInFlight} they wait
   * here, which counts.
   */
  static Run open(
      Clients clients, Arrivals arrivals, int maxInFlight, Dialogue.Source source, Extent warmUp, Extent extent)
      throws InterruptedException {
    LoadClock clock = clients.clock();
    long start = clock.now();
    Phases phases = new Phases(warmUp, extent, start);
    Semaphore room = new Semaphore(maxInFlight, true);
    int dialogues = 0;
    long arrival = start + arrivals.next();
    Optional<String> group = phases.next(arrival);
    while (group.isPresent()) {
      clock.sleepUntil(arrival);
      Dialogue dialogue = source.number(dialogues++);
      String ownGroup = group.get();
      long intended = arrival;
      clients.start(() -> {
        room.acquire();
        try {
          clients.talk(dialogue, ownGroup, intended);
        } finally {
          room.release();
        }
      });
      arrival = start + arrivals.next();
      group = phases.next(arrival);
    }
    clients.await();
    return Run.of(clients.records(), phases);
  }
}
