package io.panallama.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * {@link Scenario#DISCONNECT}: a closed loop without disconnects; the same loop in which some clients disconnect, so that the
 * others can be compared; and waves in which all disconnect at once, each followed by as many requests, which are answered as
 * fast as on an idle server if the slots were freed.
 */
final class Disconnects {
  static final String IDLE = "idle";
  static final String ABANDONED = "abandoned";
  static final String FOLLOW_UP = "follow-up";

  /** How many times longer an abandoned answer would be, so that a slot that is not freed shows. */
  private static final int ABANDONED_LENGTH = 4;

  /** Events after which a client disconnects. */
  private static final int ABANDONED_AFTER = 2;

  private Disconnects() {}

  static List<LoadRow> run(Row row, int clients) throws InterruptedException {
    String label = Row.count(clients, "client");
    LoadRow stay = loop(row, 0, clients, 0, label + ", all stay");
    LoadRow leave = loop(row, 1, clients, row.plan().dropShare(), label + ", some leave");
    return List.of(stay, leave, waves(row, clients));
  }

  private static LoadRow loop(Row row, int part, int concurrency, double share, String label)
      throws InterruptedException {
    Sender leaving =
        (turn, manner) -> {
          SplittableRandom random = row.prompts().random(row.number(), part, -2 - manner.index());
          boolean leaves = random.nextDouble() < share;
          int after = 1 + random.nextInt(Math.max(1, turn.answerTokens() / 2));
          return row.sender().send(turn, leaves ? manner.droppingAfter(after) : manner);
        };
    LoadPlan plan = row.plan();
    try (Clients clients = new Clients(leaving, row.clock())) {
      Dialogue.Source source = number -> Dialogue.of(row.turn(part, number));
      Loops.Run run = Loops.closed(clients, concurrency, source, plan.warmUp(), plan.extent());
      Summary summary =
          Summary.of(run.records(), Sender.Manner.MEASURED, List.of(run.window()), plan.slo(), share == 0);
      return row.result(label, concurrency, summary, Map.of(), Map.of(), run.records());
    }
  }

  private static LoadRow waves(Row row, int size) throws InterruptedException {
    try (Clients clients = row.clients()) {
      List<Window> windows = new ArrayList<>();
      for (int round = 0; round < row.plan().rounds(); round++) {
        Burst.burst(clients, row, size, 10 + 3 * round, IDLE);
        abandon(clients, row, size, 11 + 3 * round);
        windows.add(Burst.burst(clients, row, size, 12 + 3 * round, FOLLOW_UP));
      }
      List<RequestRecord> records = clients.records();
      Map<String, Latency> latencies = new LinkedHashMap<>();
      latencies.put("TTFT on an idle server", ttft(records, IDLE));
      latencies.put("TTFT after all have left", ttft(records, FOLLOW_UP));
      long followUps = records.stream().filter(record -> record.group().equals(FOLLOW_UP)).count();
      long answered = records.stream().filter(record -> record.group().equals(FOLLOW_UP) && record.isOk()).count();
      Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("waves", row.plan().rounds());
      facts.put("abandoned", records.stream().filter(record -> record.outcome() == Outcome.DROPPED).count());
      facts.put("follow-ups", followUps);
      facts.put("follow-ups answered", answered);
      facts.put("recovered", answered == followUps);
      Summary summary = Summary.of(records, FOLLOW_UP, windows, row.plan().slo(), false);
      return row.result(Row.count(size, "client") + ", after all left", size, summary, latencies, facts, records);
    }
  }

  private static void abandon(Clients clients, Row row, int size, int part) throws InterruptedException {
    Lengths lengths = row.plan().lengths();
    for (int i = 0; i < size; i++) {
      Turn turn = row.turn(part, i, lengths.prompt(), ABANDONED_LENGTH * lengths.answer());
      clients.start(() -> {
        long now = clients.clock().now();
        Sender.Manner manner = new Sender.Manner(clients.nextNumber(), ABANDONED, now);
        clients.send(turn, manner.droppingAfter(ABANDONED_AFTER));
      });
    }
    clients.await();
  }

  private static Latency ttft(List<RequestRecord> records, String group) {
    return Latency.of(
        records.stream()
            .filter(record -> record.group().equals(group) && record.eventCount() > 0)
            .mapToLong(RequestRecord::timeToFirstToken));
  }
}
