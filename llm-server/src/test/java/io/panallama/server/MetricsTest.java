package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.observe.Distribution;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.metrics.PrometheusText;
import io.panallama.server.registry.Health;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEngine;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code GET /metrics}, read by a strict parser; and that the dashboard and the alert rules name what is there. */
class MetricsTest {
  private static final Path FILES = Path.of("../deploy/observability");
  private static final String MODEL = "test/model";

  /** The names in a query: what stands before a selector, a range or an operator. */
  private static final Pattern METRIC = Pattern.compile("\\b((?:vllm:|panallama_|jvm_|process_|llamacpp:)[a-z0-9_]+)");

  static final EngineDetail DETAIL =
      new EngineDetail(
          1,
          1000,
          250,
          50,
          30,
          10,
          Distribution.of(new long[] {1_000_000, 10_000_000}, new long[] {1, 2, 1}, 50_000_000),
          Distribution.of(new long[] {1_000_000, 10_000_000}, new long[] {5, 4, 0}, 20_000_000),
          Distribution.of(new long[] {1, 2}, new long[] {1, 1, 1}, 7),
          Distribution.of(new long[] {1, 8}, new long[] {1, 1, 0}, 9),
          Distribution.of(new long[] {1, 8}, new long[] {0, 1, 0}, 8),
          List.of(new MemoryUse("CUDA0", 100, 20, 3), new MemoryUse("host", 10, 2, 1)));

  private static final EngineStats STATS =
      new EngineStats(1, 2, 4, 10, 60, 9, 2_000_000_000, 1_000_000_000, 3, 40, 5, 600, 700).withDetail(DETAIL);

  private static ServerConfig config() {
    return TestServer.config().toBuilder().endpoints(Set.of(Endpoint.METRICS)).build();
  }

  private static TestServer start(ScriptedGenerator generator) {
    return TestServer.around(ChatServer.start(config(), TestServer.model(), generator, () -> STATS));
  }

  private static PrometheusText metrics(TestServer server) {
    HttpResponse<String> response = server.get("/metrics");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/plain; version=0.0.4; charset=utf-8");
    return PrometheusText.parse(response.body());
  }

  @Test
  void theEnginesNumbers() {
    try (TestServer server = start(new ScriptedGenerator())) {
      PrometheusText text = metrics(server);
      assertThat(text.value("panallama_model_up", "model_name", MODEL)).isEqualTo(1);
      assertThat(text.value("vllm:num_requests_running", "model_name", MODEL)).isEqualTo(1);
      assertThat(text.value("vllm:num_requests_waiting", "model_name", MODEL)).isEqualTo(2);
      assertThat(text.value("panallama_requests_paused", "model_name", MODEL)).isEqualTo(1);
      assertThat(text.value("vllm:kv_cache_usage_perc")).isEqualTo(0.25);
      assertThat(text.value("vllm:prompt_tokens_total")).isEqualTo(100);
      assertThat(text.value("vllm:prefix_cache_queries_total")).isEqualTo(100);
      assertThat(text.value("vllm:prefix_cache_hits_total")).isEqualTo(40);
      assertThat(text.value("panallama_prefix_hit_tokens_total", "tier", "kv")).isZero();
      assertThat(text.value("panallama_prefix_hit_tokens_total", "tier", "memory")).isEqualTo(30);
      assertThat(text.value("panallama_prefix_hit_tokens_total", "tier", "disk")).isEqualTo(10);
      assertThat(text.value("panallama_kv_cells", "state", "active")).isEqualTo(200);
      assertThat(text.value("panallama_kv_cells", "state", "free")).isEqualTo(750);
      assertThat(text.value("vllm:generation_tokens_total")).isEqualTo(9);
      assertThat(text.type("vllm:inter_token_latency_seconds")).isEqualTo("histogram");
      assertThat(text.value("vllm:inter_token_latency_seconds_bucket", "le", "0.001")).isEqualTo(5);
      assertThat(text.value("vllm:inter_token_latency_seconds_count")).isEqualTo(9);
      assertThat(text.value("vllm:inter_token_latency_seconds_sum")).isEqualTo(0.02);
      assertThat(text.value("panallama_step_sequences_bucket", "le", "2.0")).isEqualTo(2);
      assertThat(text.value("panallama_native_memory_bytes", "device", "CUDA0", "kind", "context")).isEqualTo(20);
      assertThat(text.value("panallama_native_memory_bytes", "device", "host")).isEqualTo(13);
      assertThat(text.value("llamacpp:requests_deferred")).isEqualTo(2);
      assertThat(text.value("jvm_memory_used_bytes", "area", "heap")).isPositive();
    }
  }

  @Test
  void answersAreCountedByModelAndRoute() {
    try (TestServer server = start(ScriptedGenerator.answering("a"))) {
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(200);
      assertThat(server.post(CHAT, HELLO_STREAM).statusCode()).isEqualTo(200);
      assertThat(server.post("/completion", "{\"prompt\": \"p\"}").statusCode()).isEqualTo(200);
      assertThat(server.get("/nowhere/at/all").statusCode()).isEqualTo(404);
      PrometheusText text = metrics(server);
      assertThat(text.value("panallama_requests_total", "route", CHAT, "outcome", "stop", "model_name", MODEL))
          .isEqualTo(2);
      assertThat(text.value("panallama_requests_total", "route", "/completion")).isEqualTo(1);
      assertThat(text.value("vllm:request_success_total", "finished_reason", "stop")).isEqualTo(3);
      assertThat(text.value("vllm:time_to_first_token_seconds_count", "model_name", MODEL)).isEqualTo(3);
      assertThat(text.value("vllm:time_to_first_token_seconds_sum")).isCloseTo(0.063, within(1e-9));
      assertThat(text.value("vllm:time_to_first_token_seconds_bucket", "le", "0.02")).isZero();
      assertThat(text.value("vllm:time_to_first_token_seconds_bucket", "le", "0.04")).isEqualTo(3);
      assertThat(text.value("vllm:e2e_request_latency_seconds_sum")).isCloseTo(0.183, within(1e-9));
      assertThat(text.value("vllm:request_queue_time_seconds_sum")).isCloseTo(0.003, within(1e-9));
      assertThat(text.value("vllm:request_time_per_output_token_seconds_sum")).isCloseTo(0.03, within(1e-9));
      assertThat(text.value("panallama_request_duration_seconds_count", "route", CHAT)).isEqualTo(2);
      assertThat(text.value("panallama_prompt_tokens_total", "route", CHAT)).isEqualTo(24);
      assertThat(text.value("panallama_cached_prompt_tokens_total", "route", CHAT)).isEqualTo(8);
      assertThat(text.value("panallama_generation_tokens_total", "route", CHAT)).isEqualTo(10);
      assertThat(text.value("panallama_http_requests_total", "route", CHAT, "status", "200")).isEqualTo(2);
      assertThat(text.value("panallama_http_requests_total", "route", "", "status", "404")).isEqualTo(1);
    }
  }

  @Test
  void refusalsFailuresAndCancellationsAreCounted() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (LogRecords _ = LogRecords.of(ErrorBoundary.class);
        TestServer server = start(generator)) {
      assertThat(server.post(CHAT, "{\"messages\": 1}").statusCode()).isEqualTo(400);
      generator.playing(script -> script.fail(failure()));
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(500);
      generator.playing(script -> {
        script.say("a");
        script.fail(failure());
      });
      assertThat(server.post(CHAT, HELLO_STREAM).body()).contains("error");
      generator.playing(script -> script.finish(FinishReason.CANCELLED));
      server.post(CHAT, HELLO);
      generator.playing(script -> script.say("a"));
      try (Stream<String> lines = server.stream(CHAT, HELLO_STREAM).body()) {
        assertThat(lines.filter(line -> line.contains("\"a\"")).findFirst()).isPresent();
      }
      server.awaitNoRequests();
      generator.refuse(new EngineBusyException(8, Duration.ofSeconds(1)));
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(429);
      PrometheusText text = metrics(server);
      assertThat(text.value("panallama_requests_refused_total", "reason", "queue_full", "model_name", MODEL))
          .isEqualTo(1);
      assertThat(text.value("panallama_requests_refused_total", "reason", "invalid_type", "route", CHAT)).isEqualTo(1);
      assertThat(text.value("panallama_requests_total", "outcome", "failed")).isEqualTo(2);
      assertThat(text.value("panallama_requests_total", "outcome", "cancelled")).isEqualTo(2);
      assertThat(text.value("vllm:request_success_total", "finished_reason", "abort")).isEqualTo(2);
      assertThat(text.value("vllm:request_success_total", "finished_reason", "error")).isEqualTo(2);
      assertThat(text.value("vllm:e2e_request_latency_seconds_count")).isZero();
      assertThat(text.value("panallama_http_requests_total", "status", "429")).isEqualTo(1);
    }
  }

  @Test
  void streamsThatTheirClientsLeaveAreCounted() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator().playing(script -> script.say("a"));
    try (TestServer server = start(generator)) {
      for (int n = 1; n <= 2; n++) {
        String body = HELLO_STREAM.replace("\"stream\"", "\"n\": " + n + ", \"stream\"");
        try (Stream<String> lines = server.stream(CHAT, body).body()) {
          assertThat(lines.filter(line -> line.contains("\"a\"")).findFirst()).isPresent();
        }
        server.awaitNoRequests();
      }
      // Nothing was sent of this one.
      generator.next();
      generator.next();
      generator.next();
      try (Socket _ = server.socket(TestServer.rawPost(CHAT, HELLO))) {
        generator.next();
      }
      server.awaitNoRequests();
      PrometheusText text = metrics(server);
      assertThat(text.value("panallama_http_requests_total", "route", CHAT, "method", "POST", "status", "200"))
          .isEqualTo(2);
      assertThat(text.value("panallama_requests_total", "route", CHAT, "outcome", "cancelled")).isEqualTo(4);
      assertThat(text.value("panallama_time_to_first_token_seconds_count", "route", CHAT)).isEqualTo(4);
      assertThat(text.value("vllm:time_to_first_token_seconds_count", "model_name", MODEL)).isEqualTo(4);
      assertThat(text.value("panallama_prompt_tokens_total", "route", CHAT)).isEqualTo(48);
    }
  }

  private static GenerationException failure() {
    return new GenerationException(GenerationException.Reason.DECODE_FAILED, "It failed.", null);
  }

  @Test
  void aModelThatCannotBeUsedIsShown() {
    try (LogRecords _ = LogRecords.of(Registry.class);
        TestServer server = TestServer.around(ChatServer.start(config()))) {
      PrometheusText loading = metrics(server);
      assertThat(loading.names()).contains("jvm_memory_used_bytes").doesNotContain("panallama_model_up");
      String odd = "a \"b\" \\ c\nd";
      ServedEngine failed =
          ServedEngine.of(new ScriptedGenerator()).withStats(() -> STATS).withHealth(() -> Health.failed("why"));
      server.server().serve(ServedModel.of(odd, 4096), failed);
      assertThat(server.get("/ready").statusCode()).isNotEqualTo(200);
      PrometheusText text = metrics(server);
      assertThat(text.value("panallama_model_up", "model_name", odd)).isZero();
      assertThat(text.value("vllm:num_requests_waiting", "model_name", odd)).isEqualTo(2);
    }
  }

  /** What vLLM's example of a dashboard asks for. */
  @Test
  void whatDashboardsForVllmNameIsThere() {
    try (TestServer server = start(ScriptedGenerator.answering("a"))) {
      server.post(CHAT, HELLO);
      PrometheusText text = metrics(server);
      for (String histogram :
          List.of(
              "e2e_request_latency_seconds",
              "inter_token_latency_seconds",
              "iteration_tokens_total",
              "request_decode_time_seconds",
              "request_generation_tokens",
              "request_inference_time_seconds",
              "request_max_num_generation_tokens",
              "request_prefill_time_seconds",
              "request_prompt_tokens",
              "request_queue_time_seconds",
              "time_per_output_token_seconds",
              "time_to_first_token_seconds")) {
        assertThat(text.type("vllm:" + histogram)).as(histogram).isEqualTo("histogram");
        assertThat(text.labels("vllm:" + histogram + "_bucket"))
            .as(histogram)
            .containsExactlyInAnyOrder("model_name", "le");
        assertThat(text.value("vllm:" + histogram + "_count", "model_name", MODEL)).as(histogram).isPositive();
      }
      for (String counter : List.of("generation_tokens_total", "num_preemptions_total", "prompt_tokens_total")) {
        assertThat(text.type("vllm:" + counter)).as(counter).isEqualTo("counter");
      }
      assertThat(text.labels("vllm:request_success_total")).containsExactlyInAnyOrder("model_name", "finished_reason");
      for (String gauge : List.of("gpu_cache_usage_perc", "num_requests_running", "num_requests_waiting")) {
        assertThat(text.type("vllm:" + gauge)).as(gauge).isEqualTo("gauge");
      }
    }
  }

  @Test
  void whatDashboardAndRulesNameIsThere() throws IOException {
    ScriptedGenerator generator = ScriptedGenerator.answering("a");
    try (TestServer server = start(generator)) {
      server.post(CHAT, HELLO);
      server.post(CHAT, "{}");
      PrometheusText text = metrics(server);
      JsonNode dashboard = new ObjectMapper().readTree(FILES.resolve("grafana-dashboard.json").toFile());
      Set<String> queries = new TreeSet<>();
      dashboard.path("panels").findValuesAsText("expr").forEach(queries::add);
      assertThat(queries).hasSizeGreaterThan(50);
      dashboard.path("templating").findValuesAsText("query").forEach(queries::add);
      String rules = Files.readString(FILES.resolve("alert-rules.yml"));
      Pattern.compile("expr: (\\|\\n(?: {10}.*\\n)+|.*\\n)")
          .matcher(rules)
          .results()
          .forEach(found -> queries.add(found.group(1)));
      Set<String> missing = new TreeSet<>();
      for (String query : queries) {
        Matcher name = METRIC.matcher(query);
        while (name.find()) {
          if (!text.names().contains(name.group(1))) {
            missing.add(name.group(1) + " in " + query);
          }
        }
        missing.addAll(unknownLabels(query, text));
      }
      assertThat(missing).isEmpty();
      assertThat(rules.lines().filter(line -> line.contains("expr:"))).hasSizeGreaterThanOrEqualTo(10);
    }
  }

  /** The labels of selectors that no series of their metric has; job and instance are Prometheus' own. */
  private static Set<String> unknownLabels(String query, PrometheusText text) {
    Set<String> unknown = new HashSet<>();
    Matcher selector = Pattern.compile(METRIC.pattern() + "\\{([^}]*)\\}").matcher(query);
    while (selector.find()) {
      Matcher label = Pattern.compile("(\\w+)(?:=~|!~|!=|=)\"").matcher(selector.group(2));
      while (label.find()) {
        boolean own = Set.of("job", "instance").contains(label.group(1));
        if (!own && !text.labels(selector.group(1)).contains(label.group(1))) {
          unknown.add("the label " + label.group(1) + " in " + query);
        }
      }
    }
    return unknown;
  }

  @Test
  void theDashboardIsWellFormed() throws IOException {
    JsonNode dashboard = new ObjectMapper().readTree(FILES.resolve("grafana-dashboard.json").toFile());
    Set<Integer> ids = new HashSet<>();
    Set<String> cells = new HashSet<>();
    for (JsonNode panel : dashboard.path("panels")) {
      assertThat(ids.add(panel.path("id").asInt())).as(panel.path("title").asText()).isTrue();
      JsonNode place = panel.path("gridPos");
      for (int x = 0; x < place.path("w").asInt(); x++) {
        for (int y = 0; y < place.path("h").asInt(); y++) {
          int column = place.path("x").asInt() + x;
          assertThat(column).isLessThan(24);
          assertThat(cells.add(column + " " + (place.path("y").asInt() + y))).as(panel.path("title").asText()).isTrue();
        }
      }
    }
    Set<String> variables = new HashSet<>(dashboard.path("templating").path("list").findValuesAsText("name"));
    Matcher used = Pattern.compile("\\$\\{?([a-z_]+)").matcher(dashboard.toString().replaceAll("\\$__\\w+", ""));
    while (used.find()) {
      assertThat(variables).contains(used.group(1));
    }
  }
}
