package io.panallama.load;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** The results of a load test. Immutable. */
public final class LoadResult {
  private final Instant began;
  private final LoadTarget target;
  private final LoadPlan plan;
  private final Preflight server;
  private final List<LoadRow> rows;

  LoadResult(Instant began, LoadTarget target, LoadPlan plan, Preflight server, List<LoadRow> rows) {
    this.began = began;
    this.target = target;
    this.plan = plan;
    this.server = server;
    this.rows = List.copyOf(rows);
  }

  public LoadTarget target() {
    return target;
  }

  public LoadPlan plan() {
    return plan;
  }

  public List<LoadRow> rows() {
    return rows;
  }

  /** The name of the server's model, empty if it gives none. */
  public String model() {
    return server.dialect().model();
  }

  /** Whether requests had {@code ignore_eos}, so that answers had their full length. */
  public boolean ignoredEos() {
    return server.dialect().ignoreEos();
  }

  /**
   * How many tokens words have in the server's vocabulary; give it to the plan for a second server that is to get the same
   * prompts.
   */
  public PromptScale scale() {
    return server.scale();
  }

  /** Options that the server refused, in sentences. */
  public List<String> notes() {
    return server.notes();
  }

  /** Everything except the single requests, for a JSON mapper. */
  public Map<String, Object> json() {
    Map<String, Object> client = new LinkedHashMap<>();
    client.put("java", Runtime.version().toString());
    client.put("processors", Runtime.getRuntime().availableProcessors());
    client.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("began", began.truncatedTo(ChronoUnit.SECONDS).toString());
    json.put("target", target.json());
    json.put("server", server.json());
    json.put("plan", plan.json());
    json.put("client", client);
    json.put("rows", rows.stream().map(row -> row.json(plan.slo())).toList());
    return json;
  }

  /**
   * Writes one JSON object per request and line: including those that were not measured. Times are in milliseconds
   * since the beginning of the test.
   *
   * @throws IOException if {@code out} fails
   */
  public void writeRequests(Writer out) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    for (LoadRow row : rows) {
      for (RequestRecord record : row.records()) {
        out.write(mapper.writeValueAsString(request(row, record)));
        out.write('\n');
      }
    }
  }

  private static Map<String, Object> request(LoadRow row, RequestRecord record) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("row", row.label());
    json.put("index", record.index());
    json.put("turn", record.turn());
    json.put("group", record.group());
    json.put("outcome", record.kind());
    json.put("detail", record.detail());
    json.put("resent", record.resent());
    json.put("intended_ms", millis(record.intended()));
    json.put("sent_ms", millis(record.sent()));
    json.put("end_ms", millis(record.end()));
    json.put("event_ms", LongStream.of(record.events()).mapToDouble(LoadResult::millis).toArray());
    json.put("prompt_tokens", record.promptTokens());
    json.put("completion_tokens", record.completionTokens());
    json.put("cached_tokens", record.cachedTokens());
    json.put("asked_tokens", record.askedTokens());
    json.put("finish_reason", record.finishReason());
    json.put("server_queue_ms", record.serverQueueMillis());
    return json;
  }

  /** To a microsecond. */
  private static double millis(long nanos) {
    return Math.round(nanos / 1e3) / 1e3;
  }
}
