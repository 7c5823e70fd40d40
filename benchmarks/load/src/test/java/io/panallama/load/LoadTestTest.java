package io.panallama.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loads on a server that a test scripts. Order is asserted, never how long something took. */
@Timeout(60)
class LoadTestTest {
  private static final Extent NONE = new Extent.Requests(0);

  private static LoadPlan.Builder plan(int requests) {
    return LoadPlan.builder().extent(new Extent.Requests(requests)).warmUp(NONE).lengths(new Lengths(30, 5, 40, 3, 0));
  }

  private static LoadResult run(FakeServer server, LoadPlan.Builder plan) throws InterruptedException {
    return LoadTest.run(LoadTarget.of(server.uri()), plan.build(), _ -> {});
  }

  private static Summary only(LoadResult result) {
    assertThat(result.rows()).hasSize(1);
    return result.rows().getFirst().summary();
  }

  @Test
  void everyRequestAsksForTheSameAndIsCounted() throws Exception {
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      LoadResult result = run(server, plan(6).warmUp(new Extent.Requests(2)).concurrency(1, 3));

      assertThat(result.rows()).extracting(LoadRow::label).containsExactly("1 client", "3 clients");
      // Two requests of warm-up, and at least one of each client.
      assertThat(result.rows()).extracting(row -> row.records().size()).containsExactly(8, 9);
      for (LoadRow row : result.rows()) {
        Summary summary = row.summary();
        assertThat(summary.requests()).isEqualTo(6);
        assertThat(summary.ok()).isEqualTo(6);
        assertThat(summary.shorter()).isZero();
        assertThat(summary.answerTokens()).isEqualTo(30);
        assertThat(summary.events()).isEqualTo(30);
        assertThat(summary.promptTokens()).isEqualTo(6 * 30);
        assertThat(summary.tokensFromUsage()).isTrue();
        assertThat(summary.ttft().count()).isEqualTo(6);
        assertThat(summary.itl().count()).isEqualTo(6 * 4);
        // The system counts in ticks of 10 ms, so it may be 0.
        assertThat(row.cpuShare()).isNotNegative();
      }
      assertThat(result.model()).isEqualTo("fake");
      List<JsonNode> bodies = server.bodies().subList(2, server.bodies().size());
      assertThat(bodies).hasSize(17);
      assertThat(bodies)
          .allSatisfy(body -> {
            assertThat(body.path("model").textValue()).isEqualTo("fake");
            assertThat(body.path("stream").booleanValue()).isTrue();
            assertThat(body.at("/stream_options/include_usage").booleanValue()).isTrue();
            assertThat(body.path("ignore_eos").booleanValue()).isTrue();
            assertThat(body.path("temperature").intValue()).isZero();
            assertThat(body.path("max_tokens").intValue()).isEqualTo(5);
            assertThat(body.at("/messages/0/content").textValue().split(" ")).hasSize(20);
          });
      assertThat(bodies).extracting(body -> body.at("/messages/0/content")).doesNotHaveDuplicates();
    }
  }

  @Test
  void timesOfARequestAreInOrder() throws Exception {
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      for (RequestRecord record : run(server, plan(3)).rows().getFirst().records()) {
        assertThat(record.sent()).isGreaterThanOrEqualTo(record.intended());
        assertThat(record.events()).isSorted().hasSize(5);
        assertThat(record.event(0)).isGreaterThan(record.sent());
        assertThat(record.end()).isGreaterThanOrEqualTo(record.event(4));
      }
    }
  }

  @Test
  void chunksMayBeCutAnywhere() throws Exception {
    String event = "data: {\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\r\n\r\n";
    FakeServer.Script script =
        exchange -> {
          exchange.beginStream();
          for (int i = 0; i < 5; i++) {
            exchange.chunk(event.substring(0, 7 + i));
            exchange.chunk(event.substring(7 + i));
            exchange.chunk(": ping\n\n");
          }
          exchange.end(exchange.body().path("max_tokens").intValue());
        };
    try (FakeServer server = FakeServer.start(script)) {
      Summary summary = only(run(server, plan(2)));
      assertThat(summary.ok()).isEqualTo(2);
      assertThat(summary.events()).isEqualTo(10);
    }
  }

  @Test
  void failuresHaveKinds() throws Exception {
    FakeServer.Script script =
        exchange -> {
          switch (exchange.isProbe() ? -1 : exchange.number()) {
            case 2 -> exchange.json(429, "{\"error\": {\"message\": \"queue is full\"}}");
            case 3 -> {
              exchange.beginStream();
              exchange.token("a");
              exchange.chunk("event: error\ndata: {\"error\": {\"message\": \"broke\"}}\n\n");
              exchange.chunk("");
            }
            case 4 -> {
              exchange.beginStream();
              exchange.token("a");
              exchange.chunk("");
            }
            case 5 -> {
              exchange.beginStream();
              exchange.token("a");
              exchange.cut();
            }
            case 6 -> exchange.json(200, "{\"choices\": []}");
            case 7 -> {
              exchange.beginStream();
              exchange.chunk("data: hello\n\n");
              exchange.chunk("");
            }
            default -> exchange.answer();
          }
        };
    try (FakeServer server = FakeServer.start(script)) {
      Summary summary = only(run(server, plan(7)));

      assertThat(summary.ok()).isEqualTo(1);
      assertThat(summary.errors())
          .isEqualTo(Map.of("status 429", 1, "error event", 1, "truncated stream", 2, "invalid answer", 2));
      assertThat(summary.example()).isEqualTo("queue is full");
      assertThat(summary.good()).isEqualTo(1);
    }
  }

  @Test
  void whoDoesNotAnswerInTimeIsATimeout() throws Exception {
    FakeServer.Script script =
        exchange -> {
          if (exchange.isProbe()) {
            exchange.answer();
          } else {
            exchange.beginStream();
            exchange.token("a");
            exchange.awaitLeaving();
          }
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadTarget target = LoadTarget.of(server.uri()).withTimeouts(Duration.ofSeconds(5), Duration.ofMillis(500));
      LoadResult result = LoadTest.run(target, plan(1).build(), _ -> {});
      Summary summary = only(result);
      assertThat(summary.errors()).isEqualTo(Map.of("timeout", 1));
      assertThat(summary.ttft().count()).isEqualTo(1);
      ByteArrayOutputStream table = new ByteArrayOutputStream();
      LoadTable.print(result, new PrintStream(table, true, StandardCharsets.UTF_8));
      assertThat(table.toString(StandardCharsets.UTF_8))
          .contains("1 client: of 1 requests, TTFT leaves out 0 that got no text, and E2E 1 that got no whole answer");
    }
  }

  @Test
  void aKeptConnectionThatTheServerClosedIsNoFailure() throws Exception {
    FakeServer.Script script =
        exchange -> {
          if (!exchange.isProbe() && exchange.onThisConnection() > 0) {
            exchange.cut();
          } else {
            exchange.answer();
          }
        };
    try (FakeServer server = FakeServer.start(script)) {
      Summary summary = only(run(server, plan(3)));
      assertThat(summary.ok()).isEqualTo(3);
      assertThat(summary.resent()).isEqualTo(2);
    }
  }

  @Test
  void aServerThatRefusesOptionsIsMeasuredWithoutThem() throws Exception {
    FakeServer.Script script =
        exchange -> {
          if (exchange.body().has("ignore_eos")) {
            exchange.json(400, "{\"error\": {\"message\": \"Unknown parameter: ignore_eos\"}}");
          } else if (exchange.body().has("stream_options")) {
            exchange.json(400, "{\"error\": {\"message\": \"Unknown parameter: stream_options\"}}");
          } else {
            exchange.beginStream();
            exchange.token("a");
            exchange.chunk("data: [DONE]\n\n");
            exchange.chunk("");
          }
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadResult result = run(server, plan(2));

      assertThat(result.ignoredEos()).isFalse();
      assertThat(result.notes()).hasSize(3);
      assertThat(only(result).tokensFromUsage()).isFalse();
      assertThat(only(result).shorter()).isEqualTo(2);
      assertThat(only(result).answerTokens()).isEqualTo(2);
    }
  }

  private static LoadException failure(FakeServer.Script script) throws IOException {
    try (FakeServer server = FakeServer.start(script)) {
      return catchThrowableOfType(LoadException.class, () -> run(server, plan(1)));
    }
  }

  @Test
  void serversThatCannotBeMeasuredAreNamed() throws Exception {
    assertThat(failure(exchange -> exchange.json(404, "nothing here")))
        .hasMessageContaining("status 404, nothing here. The URL must be")
        .returns(LoadException.Reason.NOT_FOUND, LoadException::reason);
    assertThat(failure(exchange -> exchange.json(401, "{\"error\": {\"message\": \"no key\"}}")))
        .hasMessageContaining("401 (no key)")
        .returns(LoadException.Reason.UNAUTHORIZED, LoadException::reason);
    assertThat(failure(exchange -> exchange.json(200, "<html>")))
        .hasMessageContaining("no event stream: <html>")
        .returns(LoadException.Reason.NOT_OPENAI, LoadException::reason);
    assertThat(failure(exchange -> exchange.json(503, "{\"error\": {\"message\": \"Loading model.\"}}")))
        .hasMessageEndingWith("status 503, Loading model.")
        .returns(LoadException.Reason.REFUSED, LoadException::reason);
    URI nobody;
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      nobody = server.uri();
    }
    assertThatThrownBy(() -> LoadTest.run(LoadTarget.of(nobody), plan(1).build(), _ -> {}))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining("Cannot connect to " + nobody);
  }

  @Test
  void keyHeadersModelAndFieldsAreSent() throws Exception {
    FakeServer.Script script =
        exchange -> {
          assertThat(exchange.head()).containsIgnoringCase("authorization: bearer k3y").contains("X-A: b");
          exchange.answer();
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadTarget target =
          LoadTarget.of(server.uri())
              .withApiKey("k3y")
              .withHeaders(Map.of("X-A", "b"))
              .withModel("m")
              .withChat(false)
              .withFields(Map.of("top_k", 1, "temperature", 0.5));
      assertThat(only(LoadTest.run(target, plan(1).build(), _ -> {})).ok()).isEqualTo(1);

      JsonNode body = server.bodies().getLast();
      assertThat(body.path("model").textValue()).isEqualTo("m");
      assertThat(body.path("top_k").intValue()).isEqualTo(1);
      assertThat(body.path("temperature").doubleValue()).isEqualTo(0.5);
      assertThat(body.path("prompt").isTextual()).isTrue();
      assertThat(body.has("messages")).isFalse();
    }
  }

  @Test
  void aClosedLoopKeepsAllClientsBusy() throws Exception {
    CyclicBarrier all = new CyclicBarrier(4);
    FakeServer.Script script =
        exchange -> {
          if (!exchange.isProbe()) {
            all.await(20, TimeUnit.SECONDS);
          }
          exchange.answer();
        };
    try (FakeServer server = FakeServer.start(script)) {
      assertThat(only(run(server, plan(8).concurrency(4))).ok()).isEqualTo(8);
    }
  }

  @Test
  void anOpenLoopDoesNotWaitForAnswers() throws Exception {
    CountDownLatch arrived = new CountDownLatch(10);
    FakeServer.Script script =
        exchange -> {
          if (!exchange.isProbe()) {
            arrived.countDown();
            assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
          }
          exchange.answer();
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadResult result = run(server, plan(10).rates(1000));
      assertThat(only(result).ok()).isEqualTo(10);
      assertThat(result.rows().getFirst().rate()).isEqualTo(1000);
      assertThat(only(result).correctionMillis()).isZero();
    }
  }

  @Test
  void sharedPromptsAreTheSameInARow() throws Exception {
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      run(server, plan(3).scenario(Scenario.SHARED_PREFIX).concurrency(1, 1));

      List<JsonNode> bodies = server.bodies().subList(2, 8);
      assertThat(bodies).allMatch(body -> body.at("/messages/0/role").textValue().equals("system"));
      assertThat(bodies.subList(0, 3))
          .extracting(body -> body.at("/messages/0/content"))
          .containsOnly(bodies.getFirst().at("/messages/0/content"));
      assertThat(bodies.getLast().at("/messages/0/content")).isNotEqualTo(bodies.getFirst().at("/messages/0/content"));
      assertThat(bodies).extracting(body -> body.at("/messages/1/content")).doesNotHaveDuplicates();
    }
  }

  @Test
  void anAgentsHistoryGrowsByItsAnswers() throws Exception {
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      LoadResult result = run(server, plan(1).scenario(Scenario.AGENT));

      assertThat(only(result).ok()).isEqualTo(3);
      List<JsonNode> bodies = server.bodies().subList(2, 5);
      assertThat(bodies).extracting(body -> body.path("messages").size()).containsExactly(2, 4, 6);
      JsonNode last = bodies.getLast().path("messages");
      assertThat(last.get(2).path("role").textValue()).isEqualTo("assistant");
      assertThat(last.get(2).path("content").textValue()).isEqualTo("w0 w1 w2 w3 w4 ");
      for (int i = 0; i < 4; i++) {
        assertThat(last.get(i)).isEqualTo(bodies.get(1).path("messages").get(i));
      }
    }
  }

  @Test
  void aBurstComesAtOnce() throws Exception {
    CyclicBarrier all = new CyclicBarrier(5);
    FakeServer.Script script =
        exchange -> {
          if (!exchange.isProbe()) {
            all.await(20, TimeUnit.SECONDS);
          }
          exchange.answer();
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadResult result = run(server, plan(1).scenario(Scenario.BURST).concurrency(5).rounds(2));
      assertThat(only(result).ok()).isEqualTo(10);
      assertThat(result.rows().getFirst().latencies().get("until the last answer").count()).isEqualTo(2);
    }
  }

  @Test
  void whoLeavesClosesTheConnectionAndWhoComesIsAnswered() throws Exception {
    AtomicInteger left = new AtomicInteger();
    FakeServer.Script script =
        exchange -> {
          if (exchange.body().path("max_tokens").intValue() == 20) {
            exchange.beginStream();
            exchange.token("a");
            exchange.token("b");
            exchange.awaitLeaving();
            left.incrementAndGet();
          } else {
            exchange.answer();
          }
        };
    try (FakeServer server = FakeServer.start(script)) {
      LoadResult result = run(server, plan(6).scenario(Scenario.DISCONNECT).concurrency(3).rounds(2).dropShare(0.5));

      assertThat(result.rows()).hasSize(3);
      assertThat(result.rows().get(0).summary()).returns(6, Summary::ok).returns(0, Summary::dropped);
      Summary leaving = result.rows().get(1).summary();
      assertThat(leaving.dropped()).isPositive();
      assertThat(leaving.ok() + leaving.dropped()).isEqualTo(6);
      assertThat(leaving.failed()).isZero();
      LoadRow waves = result.rows().get(2);
      assertThat(waves.facts())
          .containsEntry("abandoned", 6L)
          .containsEntry("follow-ups answered", 6L)
          .containsEntry("recovered", true);
      assertThat(waves.latencies().get("TTFT after all have left").count()).isEqualTo(6);
      assertThat(left.get()).isEqualTo(6);
    }
  }

  @Test
  void resultsAreJson() throws Exception {
    try (FakeServer server = FakeServer.start(FakeServer.Exchange::answer)) {
      LoadResult result = run(server, plan(4).slo(Slo.parse("ttft=1m")).seed(9));
      ObjectMapper mapper = new ObjectMapper();
      JsonNode json = mapper.readTree(mapper.writeValueAsString(result.json()));

      assertThat(json.at("/plan/seed").intValue()).isEqualTo(9);
      assertThat(json.at("/plan/slo/ttft_ms").intValue()).isEqualTo(60_000);
      assertThat(json.at("/server/tokens_per_word").doubleValue()).isEqualTo(1);
      assertThat(json.at("/rows/0/ok").intValue()).isEqualTo(4);
      assertThat(json.at("/rows/0/good_share").doubleValue()).isEqualTo(1);
      assertThat(json.at("/rows/0/ttft/count").intValue()).isEqualTo(4);
      assertThat(json.at("/rows/0/ttft/p99_ms").doubleValue()).isPositive();

      StringWriter raw = new StringWriter();
      result.writeRequests(raw);
      List<String> lines = raw.toString().lines().toList();
      assertThat(lines).hasSize(4);
      assertThat(mapper.readTree(lines.getFirst()).path("event_ms")).hasSize(5);
    }
  }
}
