package io.panallama.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@link Scenario#BURST}. */
final class Burst {
  private Burst() {}

  static List<LoadRow> run(Row row, int size) throws InterruptedException {
    List<Window> windows = new ArrayList<>();
    List<Long> lastAnswers = new ArrayList<>();
    try (Clients clients = row.clients()) {
      int warmUps = row.warmUpRounds();
      for (int round = 0; round < warmUps + row.plan().rounds(); round++) {
        boolean warmUp = round < warmUps;
        Window window = burst(clients, row, size, round, warmUp ? Sender.Manner.WARM_UP : Sender.Manner.MEASURED);
        if (!warmUp) {
          windows.add(window);
          lastAnswers.add(window.end() - window.begin());
        }
      }
      List<RequestRecord> records = clients.records();
      Summary summary = Summary.of(records, Sender.Manner.MEASURED, windows, row.plan().slo(), false);
      Latency last = Latency.of(lastAnswers.stream().mapToLong(Long::longValue));
      Map<String, Object> facts = Map.of("rounds", row.plan().rounds());
      return List.of(
          row.result(size + " at once", size, summary, Map.of("until the last answer", last), facts, records));
    }
  }

  /** Sends all requests at the same moment and waits for their ends. */
  static Window burst(Clients clients, Row row, int size, int part, String group) throws InterruptedException {
    List<Turn> turns = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      turns.add(row.turn(part, i));
    }
    long now = clients.clock().now();
    for (Turn turn : turns) {
      clients.start(() -> clients.send(turn, new Sender.Manner(clients.nextNumber(), group, now)));
    }
    clients.await();
    return new Window(now, clients.clock().now());
  }
}
