package io.panallama.server.dialect.llamacpp;

import io.panallama.observe.EngineStats;
import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.MetricsSource;
import io.panallama.server.dialect.fields.Fingerprint;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.AnswerTotals;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedModel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The routes that show what the server serves and does. Of several models they are about the default one. */
final class StateRoutes {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private static final String PREFIX = "llamacpp:";

  private StateRoutes() {}

  /** The model and its defaults. */
  static Answer props(Registry registry, boolean metrics, boolean slots, boolean settable) {
    Registry.Ready ready = registry.checkReady().getFirst();
    ServedModel model = ready.model();
    GenerationOptions defaults =
        GenerationOptions.builder().sampling(model.sampling()).overflow(model.overflow()).build();
    return Answer.json(
        Json.object(json -> {
          json.writeObjectFieldStart("default_generation_settings");
          json.writeObjectFieldStart("params");
          GenerationSettings.of(json, defaults);
          json.writeEndObject();
          json.writeNumberField("n_ctx", model.contextSize());
          json.writeEndObject();
          json.writeNumberField("total_slots", ready.stats().map(EngineStats::slots).orElse(1));
          json.writeStringField("model_alias", model.id());
          json.writeStringField("model_path", model.path());
          json.writeObjectFieldStart("modalities");
          json.writeBooleanField("vision", false);
          json.writeBooleanField("video", false);
          json.writeBooleanField("audio", false);
          json.writeEndObject();
          json.writeBooleanField("endpoint_slots", slots);
          json.writeBooleanField("endpoint_props", settable);
          json.writeBooleanField("endpoint_metrics", metrics);
          json.writeStringField("chat_template", model.chatTemplate());
          json.writeStringField("build_info", Fingerprint.value());
          json.writeBooleanField("is_sleeping", false);
        }));
  }

  /** Takes properties and changes none, as llama-server does: it has no property that can be changed. */
  static Answer setProps(ClientRequest request, Registry registry) {
    JsonFields body = JsonBody.read(request);
    body.ignoreUnknown();
    return Answer.json(Json.object(json -> json.writeBooleanField("success", true)));
  }

  /**
   * Counters and gauges of all models, in Prometheus' text format: llama-server's and those of {@code more}. They are there
   * whatever the state of the models is, so that it can be watched.
   */
  static Answer metrics(Registry registry, MetricsSource more) {
    List<Registry.State> all = registry.states();
    boolean engines = all.stream().anyMatch(state -> state.stats().isPresent());
    StringBuilder text = new StringBuilder();
    // A server that generates no text has none of these numbers, so their names would stand there alone.
    for (Metric metric : engines ? METRICS : List.<Metric>of()) {
      head(text, metric.type(), metric.name(), metric.help());
      for (Registry.State state : all) {
        Optional<EngineStats> stats = state.stats();
        if (stats.isPresent()) {
          text.append(PREFIX).append(metric.name());
          if (all.size() > 1) {
            text.append("{model=\"").append(escaped(state.model().id())).append("\"}");
          }
          text.append(' ').append(metric.value().of(stats.get())).append('\n');
        }
      }
    }
    for (ServerMetric metric : SERVER_METRICS) {
      head(text, metric.type(), metric.name(), metric.help());
      text.append(PREFIX).append(metric.name()).append(' ').append(metric.value().of(registry.totals())).append('\n');
    }
    text.append(more.text(all));
    return Answer.of(PROMETHEUS, text.toString().getBytes(StandardCharsets.UTF_8))
        .withHeader("Process-Start-Time-Unix", Long.toString(ProcessStart.SECONDS));
  }

  private static void head(StringBuilder text, String type, String name, String help) {
    text.append("# HELP ").append(PREFIX).append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(PREFIX).append(name).append(' ').append(type).append('\n');
  }

  /** When this process began, as far as the system tells; else when this was first asked for. */
  private static final class ProcessStart {
    static final long SECONDS = ProcessHandle.current().info().startInstant().orElseGet(Instant::now).getEpochSecond();
  }

  private static String escaped(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  @FunctionalInterface
  private interface Value {
    Number of(EngineStats stats);
  }

  @FunctionalInterface
  private interface ServerValue {
    Number of(AnswerTotals totals);
  }

  private record ServerMetric(String type, String name, String help, ServerValue value) {}

  private record Metric(String type, String name, String help, Value value) {}

  private static Metric counter(String name, String help, Value value) {
    return new Metric("counter", name, help, value);
  }

  private static Metric gauge(String name, String help, Value value) {
    return new Metric("gauge", name, help, value);
  }

  /** llama-server's names where it has the number, too. */
  private static final List<Metric> METRICS =
      List.of(
          counter("prompt_tokens_total", "Number of prompt tokens processed.", EngineStats::promptTokens),
          counter("tokens_predicted_total", "Number of generation tokens processed.", EngineStats::generatedTokens),
          counter("n_decode_total", "Number of steps of the engine.", EngineStats::steps),
          counter(
              "prompt_tokens_cached_total",
              "Number of prompt tokens that the KV cache had already.",
              EngineStats::cachedPromptTokens),
          counter(
              "prompt_compute_seconds_total",
              "Time in which the engine computed prompts.",
              stats -> stats.promptNanos() / 1e9),
          counter(
              "tokens_predicted_compute_seconds_total",
              "Time in which the engine computed the next tokens of running answers.",
              stats -> stats.generationNanos() / 1e9),
          counter("preemptions_total", "Number of generations that made room for others.", EngineStats::preemptions),
          gauge("requests_processing", "Number of requests processing.", EngineStats::running),
          gauge("requests_deferred", "Number of requests waiting.", EngineStats::waiting),
          gauge("slots", "Number of requests that can be processed at once.", EngineStats::slots),
          gauge(
              "n_busy_slots_per_decode",
              "Average number of requests for which a step generated a token.",
              stats -> stats.steps() == 0 ? 0 : (double) stats.generatedTokens() / stats.steps()));

  /** Of all models together. Nothing is drafted here, so these counters are there for dashboards only. */
  private static final List<ServerMetric> SERVER_METRICS =
      List.of(
          new ServerMetric(
              "counter",
              "prompt_seconds_total",
              "Time that prompts took, added up over requests that were processed at the same time.",
              totals -> seconds(totals.promptTime())),
          new ServerMetric(
              "counter",
              "tokens_predicted_seconds_total",
              "Time from the first to the last token of answers, added up likewise.",
              totals -> seconds(totals.decodeTime())),
          new ServerMetric(
              "counter", "n_tokens_max", "Most tokens of a prompt and its answer together.", AnswerTotals::longest),
          new ServerMetric(
              "gauge", "prompt_tokens_seconds", "Average prompt throughput in tokens/s.", AnswerTotals::promptRate),
          new ServerMetric(
              "gauge",
              "predicted_tokens_seconds",
              "Average generation throughput in tokens/s.",
              AnswerTotals::decodeRate),
          new ServerMetric("counter", "spec_decode_num_drafts_total", "Number of drafts: none.", totals -> 0),
          new ServerMetric(
              "counter", "spec_decode_num_draft_tokens_total", "Number of drafted tokens: none.", totals -> 0),
          new ServerMetric(
              "counter",
              "spec_decode_num_accepted_tokens_total",
              "Number of accepted drafted tokens: none.",
              totals -> 0));

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
