package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What the measured requests of one row came to; see docs/performance.md, "Load".
 *
 * @param requests how many were measured
 * @param ok whole answers among them
 * @param dropped left on purpose
 * @param shorter whole answers with fewer tokens than were asked for
 * @param empty whole answers without any text
 * @param resent sent a second time, see {@link RequestRecord#resent}
 * @param errors failures by kind
 * @param example the first failure's details, empty if there was none
 * @param seconds of the time that throughput is counted in
 * @param requestsPerSecond whole answers in that time, those of all requests that ran then; one of which only a part came in
 *     that time counts as that part
 * @param tokensPerSecond tokens of answers that came in that time, those of all requests that ran then
 * @param tokensFromUsage whether the server counted the tokens of all answers; else events stand for tokens
 * @param promptTokens of the measured whole answers, as the server counts, as the next two
 * @param answerTokens of them
 * @param cachedTokens of their prompts that came from a cache
 * @param events of their answers: pieces of text that came one by one
 * @param ttft time to first token of every measured request that got one, as all of these
 * @param ttftMissing measured requests that got no text, so that {@code ttft} knows nothing of them
 * @param itl the times between events
 * @param tpot time per output token, of whole answers
 * @param e2e whole answers, from the intended start to the end
 * @param queueWait how late this side sent them
 * @param serverQueue what the server says they waited for a slot; no value if it doesn't say
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
   * Sums up.
   *
   * @param records all requests of a row
   * @param group those that are measured
   * @param windows when measuring took place
   * @param closedLoop whether requests waited for others, so that there is something to correct
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
   * How much of an answer came in these times, by its events; without any, by its end. An answer that began before them is not
   * counted as a whole: where requests are counted, none runs beyond the end to make up for it.
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

  /** Failures of all kinds; {@code e2e} knows nothing of them. */
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
