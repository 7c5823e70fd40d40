package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The figures of the measured requests of one row; docs/performance.md, "Load", defines them. Immutable.
 *
 * @param requests the number of measured requests
 * @param ok complete answers among them
 * @param dropped requests dropped on purpose
 * @param shorter complete answers with fewer tokens than requested
 * @param empty complete answers without any text
 * @param resent requests sent a second time, see {@link RequestRecord#resent}
 * @param errors failures by kind
 * @param example the first failure's details, empty if there was none
 * @param seconds the time over which throughput is counted
 * @param requestsPerSecond complete answers in that time, of all requests that ran then; an answer that arrived only partly in
 *     that time counts for that part
 * @param tokensPerSecond tokens of answers that arrived in that time, of all requests that ran then
 * @param tokensFromUsage whether the server counted the tokens of all answers; else events stand for tokens
 * @param promptTokens prompt tokens of the measured complete answers; like the next two, as the server counts them
 * @param answerTokens their answer tokens
 * @param cachedTokens their prompt tokens that came from a cache
 * @param events their events that carried text
 * @param ttft time to first token of every measured request that got one
 * @param ttftMissing measured requests that got no text and are missing from {@code ttft}
 * @param itl the times between events
 * @param tpot time per output token, of complete answers
 * @param e2e complete answers, from the intended start to the end
 * @param queueWait the delay until this program sent them
 * @param serverQueue the wait for a slot that the server reports; no values if it reports none
 * @param ttftCorrected {@code ttft} corrected for coordinated omission; the same as {@code ttft} where nothing is omitted
 * @param e2eCorrected likewise
 * @param correctionMillis the time between requests that the correction assumes; 0 for none
 * @param good measured requests that met the SLO
 * @param goodput answers per second as in {@code requestsPerSecond}, but only those that met the SLO
 */
public record Summary(
    int requests,
    int ok,
    int dropped,
    int shorter,
    int empty,
    int resent,
    Map<String, Integer> errors,
    String example,
    double seconds,
    double requestsPerSecond,
    double tokensPerSecond,
    boolean tokensFromUsage,
    long promptTokens,
    long answerTokens,
    long cachedTokens,
    long events,
    Latency ttft,
    int ttftMissing,
    Latency itl,
    Latency tpot,
    Latency e2e,
    Latency queueWait,
    Latency serverQueue,
    Latency ttftCorrected,
    Latency e2eCorrected,
    double correctionMillis,
    int good,
    double goodput) {
  /**
   * Computes the figures of a row.
   *
   * @param records all requests of a row
   * @param group the group of the measured requests
   * @param windows the times of measuring
   * @param closedLoop whether requests waited for others, so that there is an omission to correct
   */
  static Summary of(List<RequestRecord> records, String group, List<Window> windows, Slo slo, boolean closedLoop) {
    List<RequestRecord> measured = records.stream().filter(record -> record.group().equals(group)).toList();
    List<RequestRecord> whole = measured.stream().filter(RequestRecord::isOk).toList();
    List<RequestRecord> stayed = measured.stream().filter(record -> record.outcome() != Outcome.DROPPED).toList();
    Map<String, Integer> errors = new TreeMap<>();
    stayed.stream().filter(record -> !record.isOk()).forEach(record -> errors.merge(record.kind(), 1, Integer::sum));
    double seconds = windows.stream().mapToDouble(Window::seconds).sum();
    Latency ttft = latency(withText(stayed), RequestRecord::timeToFirstToken);
    Latency e2e = latency(whole.stream(), RequestRecord::endToEnd);
    long expected = closedLoop ? Math.round(e2e.p50() * 1e6) : 0;
    int good = (int) stayed.stream().filter(slo::isMetBy).count();
    return new Summary(
        measured.size(),
        whole.size(),
        measured.size() - stayed.size(),
        (int) whole.stream().filter(record -> record.tokens() < record.askedTokens()).count(),
        (int) whole.stream().filter(record -> record.eventCount() == 0).count(),
        (int) measured.stream().filter(RequestRecord::resent).count(),
        errors,
        stayed.stream().filter(record -> !record.isOk()).map(RequestRecord::detail).findFirst().orElse(""),
        seconds,
        perSecond(shares(records.stream().filter(RequestRecord::isOk), windows), seconds),
        perSecond(records.stream().mapToDouble(record -> shareIn(windows, record) * record.tokens()).sum(), seconds),
        whole.stream().allMatch(record -> record.completionTokens() >= 0),
        sum(whole, RequestRecord::promptTokens),
        sum(whole, RequestRecord::tokens),
        sum(whole, RequestRecord::cachedTokens),
        sum(whole, RequestRecord::eventCount),
        ttft,
        (int) stayed.stream().filter(record -> record.eventCount() == 0).count(),
        Latency.of(stayed.stream().flatMapToLong(record -> LongStream.of(record.gaps()))),
        latency(whole.stream().filter(record -> record.timePerToken() > 0), RequestRecord::timePerToken),
        e2e,
        latency(measured.stream(), RequestRecord::queueWait),
        latency(whole.stream().filter(r -> r.serverQueueMillis() >= 0), r -> Math.round(r.serverQueueMillis() * 1e6)),
        ttft.corrected(expected),
        e2e.corrected(expected),
        expected / 1e6,
        good,
        perSecond(shares(records.stream().filter(slo::isMetBy), windows), seconds));
  }

  private static Stream<RequestRecord> withText(List<RequestRecord> records) {
    return records.stream().filter(record -> record.eventCount() > 0);
  }

  private static Latency latency(Stream<RequestRecord> records, ToLongFunction<RequestRecord> measure) {
    return Latency.of(records.mapToLong(measure));
  }

  private static long sum(List<RequestRecord> records, ToLongFunction<RequestRecord> count) {
    return records.stream().mapToLong(record -> Math.max(0, count.applyAsLong(record))).sum();
  }

  private static double perSecond(double count, double seconds) {
    return seconds > 0 ? count / seconds : 0;
  }

  private static boolean contain(List<Window> windows, long time) {
    return windows.stream().anyMatch(window -> window.contains(time));
  }

  private static double shares(Stream<RequestRecord> records, List<Window> windows) {
    return records.mapToDouble(record -> shareIn(windows, record)).sum();
  }

  /**
   * The share of an answer that arrived in these times, by its events; without any events, by its end. An answer that began
   * earlier does not count in full: if requests are counted, none runs beyond the end to make up for it.
   */
  private static double shareIn(List<Window> windows, RequestRecord record) {
    if (record.eventCount() == 0) {
      return contain(windows, record.end()) ? 1 : 0;
    }
    int inside = 0;
    for (int i = 0; i < record.eventCount(); i++) {
      inside += contain(windows, record.event(i)) ? 1 : 0;
    }
    return (double) inside / record.eventCount();
  }

  /** Failures of all kinds, which are missing from {@code e2e}. */
  public int failed() {
    return requests - ok - dropped;
  }

  Map<String, Object> json(Slo slo) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("requests", requests);
    json.put("ok", ok);
    json.put("dropped", dropped);
    json.put("failed", failed());
    json.put("errors", errors);
    json.put("error_example", example);
    json.put("shorter_than_asked", shorter);
    json.put("without_text", empty);
    json.put("resent", resent);
    json.put("window_s", seconds);
    json.put("requests_per_s", requestsPerSecond);
    json.put("tokens_per_s", tokensPerSecond);
    json.put("tokens_counted_by", tokensFromUsage ? "usage" : "events");
    json.put("prompt_tokens", promptTokens);
    json.put("answer_tokens", answerTokens);
    json.put("cached_tokens", cachedTokens);
    json.put("events", events);
    json.put("ttft", ttft.json());
    json.put("ttft_missing", ttftMissing);
    json.put("itl", itl.json());
    json.put("tpot", tpot.json());
    json.put("e2e", e2e.json());
    json.put("e2e_missing", failed());
    json.put("queue_wait", queueWait.json());
    if (serverQueue.count() > 0) {
      json.put("server_queue", serverQueue.json());
    }
    if (correctionMillis > 0) {
      json.put("assumed_interval_ms", correctionMillis);
      json.put("ttft_corrected", ttftCorrected.json());
      json.put("e2e_corrected", e2eCorrected.json());
    }
    json.put("slo", slo.json());
    json.put("good", good);
    json.put("good_share", requests == dropped ? 0 : (double) good / (requests - dropped));
    json.put("goodput_per_s", goodput);
    return json;
  }
}
