package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.demo.DemoModel;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of a real model whose connections drop at any byte. */
@Timeout(300)
class ResumedDemoTest {
  private static final long SEED = Long.getLong("panallama.test.seed", 18);

  /** Requests of each API, by their routes. */
  private static final Map<String, String> REQUESTS =
      Map.of(
          "/v1/chat/completions",
          """
          {"messages": [{"role": "user", "content": "Tell me a story"}], "temperature": 0, "max_tokens": 60, "stream": true}
          """,
          "/v1/responses",
          """
          {"input": "Tell me a story", "temperature": 0, "max_output_tokens": 40, "stream": true, "store": false}
          """,
          "/v1/messages",
          """
          {"messages": [{"role": "user", "content": "Tell me a story"}], "temperature": 0, "max_tokens": 40, "stream": true}
          """,
          "/completion",
          """
          {"prompt": "Once upon a time", "temperature": 0, "n_predict": 40, "stream": true}
          """,
          "/api/chat",
          """
          {"messages": [{"role": "user", "content": "Tell me a story"}], "options": {"temperature": 0, "num_predict": 40}}
          """);

  private static Model model;
  private static Engine engine;
  private static ChatServer server;
  private static HttpClient http1;
  private static HttpClient http2;

  @BeforeAll
  static void start() {
    model = Model.load(DemoModel.extract());
    engine = DemoServer.engine(model, 4);
    server = ChatServer.start(ServerConfig.builder().port(0).tls(TestTls.files()).build());
    server.serve(ServedModel.of("demo", engine.sequenceContextSize()), engine);
    http1 = client(HttpClient.Version.HTTP_1_1);
    http2 = client(HttpClient.Version.HTTP_2);
  }

  private static HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder().version(version).sslContext(TestTls.clients()).build();
  }

  @AfterAll
  static void stop() {
    http1.shutdownNow();
    http2.shutdownNow();
    server.close();
    engine.close();
    model.close();
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(server.uri().resolve(path)).timeout(Duration.ofSeconds(60));
  }

  private static HttpResponse<InputStream> begin(HttpClient client, String path, boolean resumable)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = request(path).POST(HttpRequest.BodyPublishers.ofString(REQUESTS.get(path)));
    if (resumable) {
      request.header("Panallama-Resume", "true");
    }
    HttpResponse<InputStream> response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.version()).isEqualTo(client.version());
    return response;
  }

  /** The whole events at the beginning of a stream; the rest was not received. Comments are none. */
  private static List<String> events(String stream, boolean lines) {
    String end = lines ? "\n" : "\n\n";
    List<String> events = new ArrayList<>();
    int from = 0;
    for (int at = stream.indexOf(end); at >= 0; at = stream.indexOf(end, from)) {
      String event = stream.substring(from, at + end.length());
      from = at + end.length();
      if (!event.startsWith(":")) {
        events.add(event);
      }
    }
    return events;
  }

  /** Without what differs from one answer to the next: ids and times. */
  private static String normal(List<String> events) {
    return String.join("", events)
        .replaceAll("\\b(stream_|chatcmpl-|msg_|resp_)[A-Za-z0-9]+", "$1")
        .replaceAll("\"created(_at)?\":(\"[^\"]*\"|[0-9.]+)", "\"created\":0")
        .replaceAll("\"completed_at\":[0-9.]+", "\"completed_at\":0")
        .replaceAll("\"timings\":\\{[^}]*}", "\"timings\":{}")
        .replaceAll("_duration\":\\d+", "_duration\":0");
  }

  private static String read(HttpResponse<InputStream> response) throws IOException {
    try (InputStream in = response.body()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Reads this many bytes, or fewer if the stream ends, and drops the connection. */
  private static String readSome(HttpResponse<InputStream> response, int bytes) throws IOException {
    try (InputStream in = response.body()) {
      return new String(in.readNBytes(bytes), StandardCharsets.UTF_8);
    }
  }

  /** The events of a stream whose connection drops at some points, put together. */
  private static List<String> cut(HttpClient client, String path, int length, Random random) throws Exception {
    boolean lines = path.startsWith("/api");
    HttpResponse<InputStream> first = begin(client, path, true);
    String id = first.headers().firstValue("Panallama-Stream-Id").orElseThrow();
    List<String> got = new ArrayList<>(events(readSome(first, random.nextInt(length)), lines));
    int cuts = random.nextInt(3);
    while (true) {
      HttpRequest.Builder request = request("/v1/streams/" + id);
      if (!got.isEmpty() && lines) {
        request = request("/v1/streams/" + id + "?starting_after=" + (got.size() - 1));
      } else if (!got.isEmpty()) {
        request.header("Last-Event-ID", got.getLast().substring("id: ".length(), got.getLast().indexOf('\n')));
      }
      HttpResponse<InputStream> next = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      if (next.statusCode() == 204) {
        return got;
      }
      assertThat(next.statusCode()).isEqualTo(200);
      if (cuts-- <= 0) {
        got.addAll(events(read(next), lines));
        return got;
      }
      got.addAll(events(readSome(next, random.nextInt(length)), lines));
    }
  }

  private static void compare(String path, int times) throws Exception {
    boolean lines = path.startsWith("/api");
    // The first answer computes the prompt, which the others find in the cache.
    read(begin(http1, path, false));
    String plain = read(begin(http1, path, false));
    String whole = read(begin(http1, path, true));
    String uncut = normal(events(whole, lines));
    assertThat(uncut.replaceAll("(?m)^id: .*\n", "")).isEqualTo(normal(events(plain, lines)));
    assertThat(events(whole, lines)).hasSizeGreaterThan(20);
    Random random = new Random(SEED);
    int length = whole.getBytes(StandardCharsets.UTF_8).length;
    for (int i = 0; i < times; i++) {
      HttpClient client = i % 2 == 0 ? http1 : http2;
      assertThat(normal(cut(client, path, length, random))).as("cut " + i + ", seed " + SEED).isEqualTo(uncut);
    }
    assertThat(server.streams().resumed()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/chat/completions", "/v1/responses", "/v1/messages", "/completion", "/api/chat"})
  void aStreamThatIsCutAnywhereAndResumedIsTheUncutOne(String path) throws Exception {
    compare(path, 6);
  }

  @Test
  @Tag("integration")
  void aStreamThatIsCutAtTwoHundredPointsIsTheUncutOne() throws Exception {
    compare("/v1/chat/completions", 200);
  }

  /**
   * An answer never ends by itself here. A busy machine may notice some clients late, which is why the median counts.
   */
  @Test
  void hundredClientsThatDropWithoutAskingAreCancelledWithinAStep() throws Exception {
    StringBuilder never = new StringBuilder();
    for (int token = 0; token < model.vocabulary().size(); token++) {
      if (model.vocabulary().isEndOfGeneration(token)) {
        never.append(never.isEmpty() ? "" : ", ").append('"').append(token).append("\": -1000");
      }
    }
    String body =
        "{\"prompt\": \"Once\", \"stream\": true, \"context_overflow\": \"shift\", \"logit_bias\": {" + never + "}}";
    List<Long> late = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      HttpRequest request = request("/v1/completions").POST(HttpRequest.BodyPublishers.ofString(body)).build();
      HttpClient client = i % 2 == 0 ? http1 : http2;
      HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      long before;
      try (InputStream in = response.body()) {
        assertThat(in.readNBytes(100)).hasSize(100);
        before = engine.stats().generatedTokens();
      }
      while (engine.stats().running() + engine.stats().waiting() > 0) {
        Thread.sleep(Duration.ofMillis(1));
      }
      late.add(engine.stats().generatedTokens() - before);
    }
    late.sort(Comparator.naturalOrder());
    // The step that was running, and the one in which the client was noticed.
    assertThat(late.get(late.size() / 2)).as("tokens after the client had left: " + late).isLessThanOrEqualTo(2);
    assertThat(server.runningRequests()).isZero();
  }
}
