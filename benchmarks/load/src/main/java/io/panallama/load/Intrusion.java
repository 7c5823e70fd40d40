package io.panallama.load;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;

/**
 * {@link Scenario#INTRUSION}: every round runs the streams twice, once alone and once with a long prompt that comes when all
 * of them generate. Both runs have prompts and answers of the same lengths but other words, so that neither finds the
 * other's prompts in a cache; which goes first alternates, from {@link LoadPlan#baselineFirst} on.
 *
 * <p>A gap between two events of a stream belongs to the prefill if any part of it lies between the sending of the long
 * prompt and its first token. It is compared with the gap between the same two tokens of the same stream in the run without:
 * a stream becomes slower as it grows, with or without the long prompt.
 */
final class Intrusion {
  static final String BASELINE = "baseline";
  static final String BESIDE = "beside the long prompt";
  static final String INTRUDER = "long prompt";

  /** Enough that one of them has text, whatever the model says. */
  private static final int INTRUDER_ANSWER = 8;

  private final Row row;
  private final int streams;
  private final List<Window> baselineWindows = new ArrayList<>();
  private final List<Window> besideWindows = new ArrayList<>();
  private final List<RequestRecord> intruders = new ArrayList<>();
  private final LongStream.Builder baselineGaps = LongStream.builder();
  private final LongStream.Builder besideGaps = LongStream.builder();
  private int withoutCounterpart;
  private int notCovered;

  private Intrusion(Row row, int streams) {
    this.row = row;
    this.streams = streams;
  }

  static List<LoadRow> run(Row row, int streams) throws InterruptedException {
    return new Intrusion(row, streams).run();
  }

  private List<LoadRow> run() throws InterruptedException {
    List<RequestRecord> baseline = new ArrayList<>();
    List<RequestRecord> beside = new ArrayList<>();
    int warmUps = row.warmUpRounds();
    for (int round = 0; round < warmUps + row.plan().rounds(); round++) {
      List<RequestRecord> alone = List.of();
      List<RequestRecord> disturbed;
      boolean baselineFirst = row.plan().baselineFirst() == ((round - warmUps) % 2 == 0);
      if (baselineFirst) {
        alone = streams(2 * round, false, round >= warmUps);
      }
      disturbed = streams(2 * round + 1, true, round >= warmUps);
      if (!baselineFirst) {
        alone = streams(2 * round, false, round >= warmUps);
      }
      if (round >= warmUps) {
        compare(alone, disturbed);
        baseline.addAll(alone);
        beside.addAll(disturbed);
      }
    }
    Slo slo = row.plan().slo();
    String label = Row.count(streams, "stream");
    return List.of(
        row.result(
            label + ", baseline",
            streams,
            Summary.of(baseline, BASELINE, baselineWindows, slo, false),
            Map.of(),
            Map.of("rounds", row.plan().rounds()),
            baseline),
        row.result(
            label + ", long prompt",
            streams,
            Summary.of(beside, BESIDE, besideWindows, slo, false),
            latencies(),
            facts(),
            beside));
  }

  private Map<String, Latency> latencies() {
    Map<String, Latency> latencies = new LinkedHashMap<>();
    latencies.put("ITL of the same tokens, baseline", Latency.of(baselineGaps.build()));
    latencies.put("ITL during the prefill", Latency.of(besideGaps.build()));
    latencies.put(
        "TTFT of the long prompt",
        Latency.of(
            intruders.stream()
                .filter(intruder -> intruder.eventCount() > 0)
                .mapToLong(RequestRecord::timeToFirstToken)));
    return latencies;
  }

  private Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("rounds", row.plan().rounds());
    facts.put("long prompts answered", intruders.stream().filter(RequestRecord::isOk).count());
    facts.put("long prompt tokens", intruders.stream().mapToInt(RequestRecord::promptTokens).max().orElse(-1));
    facts.put("of them cached", intruders.stream().mapToInt(RequestRecord::cachedTokens).max().orElse(-1));
    facts.put("streams over before its first token", notCovered);
    facts.put("gaps without a baseline counterpart", withoutCounterpart);
    return facts;
  }

  /** All requests of one run, the long prompt last if it came; the streams in their order. */
  private List<RequestRecord> streams(int part, boolean intrude, boolean measured) throws InterruptedException {
    RequestRecord[] records = new RequestRecord[streams];
    CountDownLatch generating = new CountDownLatch(streams);
    List<RequestRecord> all = new ArrayList<>();
    try (Clients clients = row.clients()) {
      long began = clients.clock().now();
      for (int i = 0; i < streams; i++) {
        int stream = i;
        Turn turn = row.turn(part, stream);
        clients.start(() -> records[stream] = stream(clients, turn, intrude ? BESIDE : BASELINE, generating));
      }
      if (intrude) {
        Turn prompt = row.turn(part, streams, row.plan().intruderTokens(), INTRUDER_ANSWER);
        generating.await();
        long now = clients.clock().now();
        all.add(clients.send(prompt, new Sender.Manner(streams, INTRUDER, now)));
      }
      clients.await();
      all.addAll(0, List.of(records));
      if (measured) {
        (intrude ? besideWindows : baselineWindows).add(new Window(began, clients.clock().now()));
      }
    }
    return all;
  }

  private RequestRecord stream(Clients clients, Turn turn, String group, CountDownLatch generating)
      throws InterruptedException {
    int after = row.plan().intrudeAfter();
    Sender.Manner manner =
        new Sender.Manner(clients.nextNumber(), group, clients.clock().now())
            .tellingOf(events -> {
              if (events == after) {
                generating.countDown();
              }
            });
    RequestRecord record = clients.send(turn, manner);
    if (record.eventCount() < after) {
      generating.countDown();
    }
    return record;
  }

  private void compare(List<RequestRecord> alone, List<RequestRecord> disturbed) {
    RequestRecord intruder = disturbed.getLast();
    intruders.add(intruder);
    if (intruder.eventCount() == 0) {
      return;
    }
    for (int stream = 0; stream < streams; stream++) {
      RequestRecord beside = disturbed.get(stream);
      if (beside.eventCount() == 0 || beside.event(beside.eventCount() - 1) < intruder.event(0)) {
        notCovered++;
      }
      compare(alone.get(stream), beside, intruder.sent(), intruder.event(0));
    }
  }

  private void compare(RequestRecord alone, RequestRecord beside, long from, long to) {
    for (int i = 0; i + 1 < beside.eventCount(); i++) {
      if (beside.event(i + 1) > from && beside.event(i) < to) {
        if (i + 1 < alone.eventCount()) {
          besideGaps.add(beside.event(i + 1) - beside.event(i));
          baselineGaps.add(alone.event(i + 1) - alone.event(i));
        } else {
          withoutCounterpart++;
        }
      }
    }
  }
}
