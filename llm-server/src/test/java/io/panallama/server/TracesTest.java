package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status.StatusCode;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.server.OtlpCollector.Received;
import io.panallama.server.http.ErrorBoundary;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Traces, as a collector receives them by OTLP. */
@Timeout(60)
class TracesTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String CALLER = "00f067aa0ba902b7";
  private static final String PARENT = "00-" + TRACE + "-" + CALLER + "-01";

  private final ScriptedGenerator generator =
      new ScriptedGenerator()
          .playing(script -> {
            script.say("answer-marker");
            script.finish(FinishReason.STOP, new Usage(12, 4, 5, 0), timings());
          });

  private OtlpCollector collector;
  private TestServer server;

  @BeforeEach
  void start() throws IOException {
    collector = new OtlpCollector();
    server = start(collector.variables());
  }

  @AfterEach
  void stop() {
    server.close();
    collector.close();
  }

  private TestServer start(Map<String, String> variables) {
    ServerConfig config =
        TestServer.config().toBuilder().openTelemetry(variables).apiKeys(Set.of("sk-secret-marker")).build();
    return TestServer.start(config, generator);
  }

  /** Short ones, so that the phases are within the request. */
  private static Timings timings() {
    return new Timings(Duration.ofNanos(1000), Duration.ofNanos(2000), Duration.ofNanos(3000));
  }

  private HttpRequest request(String path, String body) {
    return server
        .request(path)
        .header("Authorization", "Bearer sk-secret-marker")
        .header("traceparent", PARENT)
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpResponse<String> post(String path, String body) {
    return server.send(request(path, body));
  }

  private static Received named(List<Received> spans, String name) {
    return spans.stream().filter(span -> span.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void aGenerationHasASpanOfTheServerAndThoseOfItsPhases() throws Exception {
    HttpResponse<String> response =
        post(
            CHAT,
            "{\"messages\": [{\"role\": \"user\", \"content\": \"prompt-marker\"}], \"stream\": true, \"model\":"
                + " \"mine\", \"max_tokens\": 9, \"temperature\": 0.7, \"top_p\": 0.9, \"top_k\": 30, \"seed\": 5}");
    assertThat(response.statusCode()).isEqualTo(200);
    List<Received> spans = collector.await(5);
    Received root = named(spans, "POST " + CHAT);
    assertThat(root.traceId()).isEqualTo(TRACE);
    assertThat(root.parent()).isEqualTo(CALLER);
    assertThat(root.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_SERVER);
    assertThat(root.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
    assertThat(root.resource())
        .containsEntry("service.name", "panallama")
        .containsEntry("deployment.environment.name", "test");
    assertThat(root.attributes())
        .containsEntry("http.request.method", "POST")
        .containsEntry("http.route", CHAT)
        .containsEntry("http.response.status_code", 200L)
        .containsEntry("url.path", CHAT)
        .containsEntry("url.scheme", TestTls.isOn() ? "https" : "http")
        .containsEntry("network.protocol.version", "1.1")
        .containsEntry("client.address", "127.0.0.1")
        .containsEntry("server.port", (long) server.server().port())
        .containsEntry("gen_ai.operation.name", "chat")
        .containsEntry("gen_ai.provider.name", "panallama")
        .containsEntry("gen_ai.request.model", "mine")
        .containsEntry("gen_ai.request.max_tokens", 9L)
        .containsEntry("gen_ai.request.temperature", 0.7)
        .containsEntry("gen_ai.request.top_p", 0.9)
        .containsEntry("gen_ai.request.top_k", 30.0)
        .containsEntry("gen_ai.request.seed", 5L)
        .containsEntry("gen_ai.request.stream", true)
        .containsEntry("gen_ai.response.model", "test/model")
        .containsEntry("gen_ai.response.finish_reasons", List.of("stop"))
        .containsEntry("gen_ai.usage.input_tokens", 12L)
        .containsEntry("gen_ai.usage.cache_read.input_tokens", 4L)
        .containsEntry("gen_ai.usage.output_tokens", 5L)
        .containsEntry("panallama.key.id", "--api-key")
        .containsEntry("panallama.outcome", "stop")
        .containsEntry("panallama.request.id", response.headers().firstValue("X-Request-Id").orElseThrow())
        .doesNotContainKey("error.type");
    assertThat(response.body()).contains("\"" + root.attributes().get("gen_ai.response.id") + "\"");
    Received prepare = named(spans, "prepare");
    Received queue = named(spans, "queue");
    Received prefill = named(spans, "prefill");
    Received decode = named(spans, "decode");
    assertThat(List.of(prepare, queue, prefill, decode))
        .allSatisfy(phase -> {
          assertThat(phase.parent()).isEqualTo(root.id());
          assertThat(phase.traceId()).isEqualTo(TRACE);
          assertThat(phase.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_INTERNAL);
        });
    assertThat(root.begin()).isLessThanOrEqualTo(prepare.begin());
    assertThat(prepare.end()).isEqualTo(queue.begin());
    assertThat(queue.end() - queue.begin()).isEqualTo(1000);
    assertThat(prefill.begin()).isEqualTo(queue.end());
    assertThat(prefill.end() - prefill.begin()).isEqualTo(2000);
    assertThat(decode.begin()).isEqualTo(prefill.end());
    assertThat(decode.end() - decode.begin()).isEqualTo(3000);
    assertThat(decode.end()).isLessThanOrEqualTo(root.end());
    assertThat(prefill.attributes()).containsEntry("gen_ai.usage.input_tokens", 12L);
    assertThat(decode.attributes()).containsEntry("gen_ai.usage.output_tokens", 5L);
    for (Received span : spans) {
      assertThat(span.toString()).doesNotContain("prompt-marker", "answer-marker", "secret-marker");
    }
  }

  @Test
  void severalChoicesHavePhasesEach() throws Exception {
    post(CHAT, HELLO.replace("}]", "}], \"n\": 2"));
    List<Received> spans = collector.await(8);
    assertThat(spans.stream().filter(span -> span.name().equals("decode"))).hasSize(2);
    assertThat(named(spans, "POST " + CHAT).attributes())
        .containsEntry("gen_ai.request.choice.count", 2L)
        .containsEntry("gen_ai.response.finish_reasons", List.of("stop", "stop"))
        .containsEntry("gen_ai.usage.input_tokens", 12L)
        .containsEntry("gen_ai.usage.output_tokens", 10L);
  }

  @Test
  void aRequestWithoutACallerBeginsATrace() throws Exception {
    server.send(server.request("/v1/models").header("x-api-key", "sk-secret-marker").GET().build());
    Received span = collector.await(1).getFirst();
    assertThat(span.parent()).isEmpty();
    assertThat(span.name()).isEqualTo("GET /v1/models");
    assertThat(span.attributes())
        .containsEntry("panallama.outcome", "ok")
        .doesNotContainKeys("gen_ai.operation.name", "gen_ai.usage.input_tokens");
  }

  @Test
  void textsThatAreEmbeddedRankedAndClassifiedHaveAPhase() throws Exception {
    server.server().serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
    server.server().serve(ScriptedReranker.model(), new ScriptedReranker());
    server.server().serve(ScriptedClassifier.model(), new ScriptedClassifier());
    Map<String, String> bodies = new HashMap<>();
    bodies.put("/v1/embeddings", "{\"input\": [\"a b\", \"c\"]}");
    bodies.put("/embedding", "{\"content\": \"a\"}");
    bodies.put("/api/embed", "{\"input\": \"a\"}");
    bodies.put("/api/embeddings", "{\"prompt\": \"a\"}");
    bodies.put("/v1/rerank", "{\"query\": \"q\", \"documents\": [\"a\"]}");
    bodies.put("/classify", "{\"input\": \"a\"}");
    for (Map.Entry<String, String> asked : bodies.entrySet()) {
      assertThat(post(asked.getKey(), asked.getValue()).statusCode()).as(asked.getKey()).isEqualTo(200);
      List<Received> spans = collector.await(2);
      String operation =
          asked.getKey().contains("embed") ? "embeddings" : asked.getKey().contains("rank") ? "rerank" : "classify";
      Received root = named(spans, "POST " + asked.getKey());
      Received phase = named(spans, operation);
      assertThat(phase.parent()).isEqualTo(root.id());
      assertThat(phase.begin()).isBetween(root.begin(), root.end());
      assertThat(root.attributes())
          .as(asked.getKey())
          .containsEntry("gen_ai.operation.name", operation)
          .containsKeys("gen_ai.request.model", "gen_ai.usage.input_tokens")
          .doesNotContainKey("gen_ai.usage.output_tokens");
      assertThat((long) root.attributes().get("gen_ai.usage.input_tokens")).isPositive();
    }
  }

  @Test
  void refusalsAreNoFailuresOfTheServer() throws Exception {
    generator.refuse(new EngineBusyException(8, Duration.ofSeconds(1)));
    assertThat(post(CHAT, HELLO).statusCode()).isEqualTo(429);
    Received busy = named(collector.await(2), "POST " + CHAT);
    assertThat(busy.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);
    assertThat(busy.attributes())
        .containsEntry("http.response.status_code", 429L)
        .containsEntry("error.type", "queue_full")
        .containsEntry("panallama.outcome", "refused");
    assertThat(server.post(CHAT, HELLO).statusCode()).as("no key").isEqualTo(401);
    Received stranger = collector.await(1).getFirst();
    assertThat(stranger.attributes())
        .containsEntry("http.response.status_code", 401L)
        .containsEntry("error.type", "missing_api_key")
        .doesNotContainKey("panallama.key.id");
    assertThat(post("/nowhere/at/all", "{}").statusCode()).isEqualTo(404);
    Received lost = collector.await(1).getFirst();
    assertThat(lost.name()).isEqualTo("POST");
    assertThat(lost.attributes()).containsEntry("http.response.status_code", 404L).doesNotContainKey("http.route");
  }

  @Test
  void aGenerationThatFailsIsAnErrorAndTheLogNamesItsTrace() throws Exception {
    generator.playing(script -> {
      script.say("a");
      script.fail(new GenerationException(GenerationException.Reason.DECODE_FAILED, "It failed.", null));
    });
    try (LogRecords log = LogRecords.of(ErrorBoundary.class)) {
      assertThat(post(CHAT, HELLO_STREAM).body()).contains("error");
      Received root = collector.await("POST " + CHAT);
      assertThat(root.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_ERROR);
      assertThat(root.attributes())
          .containsEntry("http.response.status_code", 200L)
          .containsEntry("panallama.outcome", "failed")
          .containsKey("error.type");
      assertThat(log.errors()).singleElement().asString().contains("of trace " + TRACE);
    }
  }

  @Test
  void aClientThatLeavesCancelsItsRequest() throws Exception {
    generator.playing(script -> script.say("a"));
    try (Stream<String> lines = server.lines(request(CHAT, HELLO_STREAM)).body()) {
      assertThat(lines.filter(line -> line.contains("\"a\"")).findFirst()).isPresent();
    }
    assertThat(collector.await("POST " + CHAT).attributes()).containsEntry("panallama.outcome", "cancelled");
  }

  @Test
  void probesAreNotTraced() throws Exception {
    for (String probe : List.of("/health", "/livez", "/ready", "/metrics")) {
      server.get(probe);
    }
    post(CHAT, HELLO);
    assertThat(collector.await(5)).extracting(Received::name).contains("POST " + CHAT).doesNotContain("GET /health");
    assertThat(collector.rest()).isEmpty();
  }

  @Test
  void whatIsQueuedIsExportedAtTheEnd() throws Exception {
    Map<String, String> variables = new HashMap<>(collector.variables());
    variables.put("OTEL_BSP_SCHEDULE_DELAY", "600000");
    variables.put("OTEL_SERVICE_NAME", "other");
    server.close();
    server = start(variables);
    post(CHAT, HELLO);
    server.close();
    assertThat(collector.await(5))
        .allSatisfy(span -> assertThat(span.resource()).containsEntry("service.name", "other"));
  }

  @Test
  void aSamplerDecides() throws Exception {
    Map<String, String> variables = new HashMap<>(collector.variables());
    variables.put("OTEL_TRACES_SAMPLER", "always_off");
    server.close();
    server = start(variables);
    assertThat(post(CHAT, HELLO).statusCode()).isEqualTo(200);
    server.close();
    assertThat(collector.rest()).isEmpty();
  }

  /** Nothing listens, or what listens never answers: requests are as quick, and the end is not far. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void aCollectorThatIsGoneDelaysNothing(boolean silent) {
    Map<String, String> variables = new HashMap<>(collector.variables());
    collector.fallSilent();
    if (!silent) {
      collector.close();
    }
    server.close();
    server = start(variables);
    for (int i = 0; i < 50; i++) {
      assertThat(post(CHAT, HELLO).statusCode()).isEqualTo(200);
    }
    long begin = System.nanoTime();
    server.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          OTEL_TRACES_EXPORTER               | jaeger    | OTEL_TRACES_EXPORTER is jaeger; traces are exported by otlp, or not at all (none).
          OTEL_EXPORTER_OTLP_PROTOCOL        | grpc      | OTEL_EXPORTER_OTLP_PROTOCOL is grpc; traces are exported by http/protobuf only
          OTEL_EXPORTER_OTLP_TRACES_PROTOCOL | http/json | OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is http/json; traces are exported by
          """)
  void settingsThatCannotBeFollowedAreRefused(String name, String value, String expected) {
    Map<String, String> variables = new HashMap<>(collector.variables());
    variables.put(name, value);
    assertThatThrownBy(() -> TestServer.config().toBuilder().openTelemetry(variables).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void settingsThatTheSdkRefusesEndTheStart() {
    Map<String, String> variables = new HashMap<>(collector.variables());
    variables.put("OTEL_TRACES_SAMPLER", "nobody");
    assertThatThrownBy(() -> start(variables)).isInstanceOf(ServerStartException.class).hasMessageContaining("nobody");
  }

  /** A class loader that knows what it was asked for. */
  private static final class Loaded extends URLClassLoader {
    private final Set<String> names = ConcurrentHashMap.newKeySet();

    Loaded() {
      super(classPath(), ClassLoader.getPlatformClassLoader());
    }

    private static URL[] classPath() {
      return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(entry -> url(Path.of(entry).toUri()))
          .toArray(URL[]::new);
    }

    private static URL url(URI uri) {
      try {
        return uri.toURL();
      } catch (MalformedURLException impossible) {
        throw new IllegalStateException(impossible);
      }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      names.add(name);
      return super.findClass(name);
    }

    /** Runs {@link Answering#answer} among classes of its own. */
    Set<String> answering(Map<String, String> variables) throws ReflectiveOperationException {
      Method answer = loadClass(Answering.class.getName()).getDeclaredMethod("answer", Map.class);
      answer.setAccessible(true);
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(this);
      try {
        answer.invoke(null, variables);
      } finally {
        thread.setContextClassLoader(before);
      }
      return names;
    }
  }

  /** A server that answers a request. */
  static final class Answering {
    private Answering() {}

    static void answer(Map<String, String> variables) {
      ServerConfig config = TestServer.config().toBuilder().openTelemetry(variables).build();
      try (TestServer server = TestServer.start(config, ScriptedGenerator.answering("a"))) {
        if (server.post(CHAT, HELLO).statusCode() != 200) {
          throw new AssertionError("The request was refused");
        }
      }
    }
  }

  @Test
  void withoutItsVariablesNothingOfOpenTelemetryIsLoaded() throws Exception {
    try (Loaded off = new Loaded();
        Loaded disabled = new Loaded();
        Loaded on = new Loaded()) {
      assertThat(off.answering(Map.of("OTEL_SERVICE_NAME", "x")))
          .contains(ChatServer.class.getName())
          .filteredOn(TracesTest::isOptional)
          .isEmpty();
      Map<String, String> variables = new HashMap<>(collector.variables());
      variables.put("OTEL_SDK_DISABLED", "true");
      assertThat(disabled.answering(variables)).filteredOn(TracesTest::isOptional).isEmpty();
      assertThat(on.answering(collector.variables())).anyMatch(TracesTest::isOptional);
    }
  }

  private static boolean isOptional(String name) {
    return name.startsWith("io.opentelemetry.")
        || name.startsWith("com.nimbusds.")
        || name.startsWith("io.panallama.server.accesslog.");
  }
}
