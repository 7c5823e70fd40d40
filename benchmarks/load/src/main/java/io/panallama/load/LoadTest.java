package io.panallama.load;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Runs a load on a server. */
public final class LoadTest {
  private LoadTest() {}

  /**
   * Runs a whole plan. Failed requests are counted and do not end it.
   *
   * @throws LoadException if the server cannot be measured at all
   * @throws InterruptedException if the calling thread is interrupted; running requests are ended
   */
  public static LoadResult run(LoadTarget target, LoadPlan plan, LoadListener listener) throws InterruptedException {
    Instant began = Instant.now();
    listener.progress("asking " + target.base());
    Preflight server = Preflight.of(target, plan);
    Prompts prompts = new Prompts(plan.seed(), server.scale());
    LoadClock clock = LoadClock.system();
    List<LoadRow> rows = new ArrayList<>();
    try (LoadClient client = new LoadClient(target, server.dialect(), clock)) {
      int count = plan.rates().isEmpty() ? plan.concurrency().size() : plan.rates().size();
      for (int number = 0; number < count; number++) {
        Row row = new Row(number, plan, prompts, client, clock, new CpuMeter());
        listener.progress(String.format(Locale.ROOT, "load %d of %d: %s", number + 1, count, describe(plan, number)));
        rows.addAll(plan.rates().isEmpty() ? closed(row) : open(row));
      }
    }
    return new LoadResult(began, target, plan, server, rows);
  }

  private static String describe(LoadPlan plan, int number) {
    return plan.rates().isEmpty()
        ? plan.scenario().label() + " with " + plan.concurrency().get(number)
        : plan.scenario().label() + " at " + plan.rates().get(number) + "/s";
  }

  private static List<LoadRow> closed(Row row) throws InterruptedException {
    LoadPlan plan = row.plan();
    int concurrency = plan.concurrency().get(row.number());
    return switch (plan.scenario()) {
      case BURST -> Burst.run(row, concurrency);
      case INTRUSION -> Intrusion.run(row, concurrency);
      case DISCONNECT -> Disconnects.run(row, concurrency);
      case CHAT, SHARED_PREFIX, AGENT -> {
        try (Clients clients = row.clients()) {
          Dialogue.Source source = Dialogue.source(plan, row.prompts(), row.number());
          Loops.Run run = Loops.closed(clients, concurrency, source, plan.warmUp(), plan.extent());
          yield List.of(loop(row, Row.count(concurrency, "client"), concurrency, 0, run));
        }
      }
    };
  }

  private static List<LoadRow> open(Row row) throws InterruptedException {
    LoadPlan plan = row.plan();
    double rate = plan.rates().get(row.number());
    Arrivals arrivals = new Arrivals(rate, plan.poisson(), plan.seed() + row.number());
    try (Clients clients = row.clients()) {
      Dialogue.Source source = Dialogue.source(plan, row.prompts(), row.number());
      Loops.Run run = Loops.open(clients, arrivals, plan.maxInFlight(), source, plan.warmUp(), plan.extent());
      return List.of(loop(row, rate + "/s", 0, rate, run));
    }
  }

  private static LoadRow loop(Row row, String label, int concurrency, double rate, Loops.Run run) {
    Summary summary =
        Summary.of(run.records(), Sender.Manner.MEASURED, List.of(run.window()), row.plan().slo(), rate == 0);
    Map<String, Latency> turns = row.plan().scenario() == Scenario.AGENT ? turns(run.records()) : Map.of();
    return new LoadRow(label, concurrency, rate, summary, turns, Map.of(), row.cpu().share(), run.records());
  }

  /** The times to first token by turn of a conversation, and those of all but the first one. */
  static Map<String, Latency> turns(List<RequestRecord> records) {
    List<RequestRecord> measured =
        records.stream()
            .filter(record -> record.group().equals(Sender.Manner.MEASURED) && record.eventCount() > 0)
            .toList();
    Map<String, Latency> turns = new LinkedHashMap<>();
    int most = measured.stream().mapToInt(RequestRecord::turn).max().orElse(0);
    for (int turn = 1; turn <= most; turn++) {
      int number = turn;
      turns.put("TTFT of turn " + turn, ttft(measured.stream().filter(record -> record.turn() == number)));
    }
    turns.put("TTFT of later turns", ttft(measured.stream().filter(record -> record.turn() > 1)));
    return turns;
  }

  private static Latency ttft(Stream<RequestRecord> records) {
    return Latency.of(records.mapToLong(RequestRecord::timeToFirstToken));
  }
}
