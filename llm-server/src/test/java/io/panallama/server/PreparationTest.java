package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.error.EngineClosedException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.internal.prepare.Interruption;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.request.RequestSize;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is done before an engine computes. All virtual threads of these tests share one carrier; see the POM. */
@Timeout(120)
class PreparationTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(2);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  private static String conversation(int messages, String content) {
    return IntStream.range(0, messages)
        .mapToObj(i -> "{\"role\":\"" + (i % 2 == 0 ? "user" : "assistant") + "\",\"content\":\"" + content + "\"}")
        .collect(Collectors.joining(",", "{\"max_tokens\":1,\"messages\":[", "]}"));
  }

  private static JsonNode refused(String path, String body) throws Exception {
    HttpResponse<String> response = demo.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    return JSON.readTree(response.body()).path("error");
  }

  @Test
  void tooManyMessagesAreRefused() throws Exception {
    for (String path : List.of(CHAT, "/apply-template")) {
      JsonNode error = refused(path, conversation(20_000, "a"));
      assertThat(error.path("param").asText()).isEqualTo("messages");
      assertThat(error.path("message").asText()).contains("20000").contains("4096").contains("--max-messages");
    }
  }

  /** Each is rendered like a message: twenty thousand took 40 s. */
  @Test
  void tooManyToolCallsAreRefused() throws Exception {
    String calls =
        IntStream.range(0, 20_000)
            .mapToObj(i -> "{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}")
            .collect(Collectors.joining(",", "[", "]"));
    String messages =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"tool_calls\":"
            + calls
            + "},{\"role\":\"user\",\"content\":\"b\"}]}";
    for (String path : List.of(CHAT, "/apply-template")) {
      JsonNode error = refused(path, messages);
      assertThat(error.path("param").asText()).isEqualTo("messages");
      assertThat(error.path("message").asText()).contains("20000 tool calls").contains("--max-messages");
    }
  }

  @Test
  void aLongConversationIsNotTooMany() throws Exception {
    HttpResponse<String> rendered = demo.post("/apply-template", conversation(1001, "a"));
    assertThat(rendered.statusCode()).isEqualTo(200);
    assertThat(refused(CHAT, conversation(1001, "a")).path("code").asText()).isEqualTo("context_length_exceeded");
  }

  /** Two megabytes that would take seconds to tokenize. */
  @Test
  void aTextThatCannotFitIsRefusedByItsLength() throws Exception {
    JsonNode chat = refused(CHAT, conversation(1, "a".repeat(2_000_000)));
    JsonNode completion = refused("/v1/completions", "{\"prompt\":\"" + "a".repeat(2_000_000) + "\",\"max_tokens\":1}");
    // One word of spaces takes llama.cpp longest.
    JsonNode spaces = refused("/v1/completions", "{\"prompt\":\"" + " ".repeat(4_000_000) + "\",\"max_tokens\":1}");
    JsonNode between = refused(CHAT, conversation(1, "a" + " ".repeat(4_000_000) + "b"));
    for (JsonNode error : List.of(chat, completion, spaces, between)) {
      assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
      assertThat(error.path("message").asText()).contains("at least ").contains("1024");
    }
  }

  @Test
  void aGrammarThatIsTooLargeIsRefused() throws Exception {
    String text = "\\\"" + "a".repeat(600_000) + "\\\"";
    String messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    JsonNode grammar = refused(CHAT, "{" + messages + ",\"grammar\":\"root ::= " + text + "\"}");
    assertThat(grammar.path("param").asText()).isEqualTo("grammar");
    assertThat(grammar.path("message").asText()).contains("524288").contains("--max-grammar");
    JsonNode schema = refused(CHAT, "{" + messages + ",\"json_schema\":{\"const\":\"" + "a".repeat(600_000) + "\"}}");
    assertThat(schema.path("param").asText()).isEqualTo("json_schema");
    assertThat(schema.path("message").asText()).contains("--max-grammar");
  }

  /** With one carrier, one preparation that held it would stop the server. */
  @Test
  void slowPreparationsDoNotStopTheServer() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (PreparationPool pool = pool();
        TestServer server = TestServer.start(preparing(pool, release, new CompletableFuture<>()));
        HttpClient client = HttpClient.newHttpClient()) {
      List<CompletableFuture<HttpResponse<String>>> slow = new ArrayList<>();
      for (int i = 0; i < 4 * Runtime.getRuntime().availableProcessors(); i++) {
        HttpRequest request =
            HttpRequest.newBuilder(server.server().uri().resolve(CHAT))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(TestServer.HELLO))
                .build();
        slow.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
      }
      while (server.server().runningRequests() < slow.size()) {
        Thread.onSpinWait();
      }
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
      assertThat(slow).noneMatch(CompletableFuture::isDone);
      release.countDown();
      for (CompletableFuture<HttpResponse<String>> one : slow) {
        assertThat(one.get().statusCode()).isEqualTo(200);
      }
    }
  }

  /** As many texts as there are processors take seconds to tokenize: small chats do not wait for them. */
  @Test
  void largeTextsHoldUpNoSmallChat() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    String text = " ".repeat(RequestSize.LARGE + 1);
    String large = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
    try (PreparationPool pool = pool();
        TestServer server = TestServer.start(tokenizing(pool, begun, release));
        RawHttp first = new RawHttp(server.server().port());
        RawHttp second = new RawHttp(server.server().port())) {
      for (RawHttp client : List.of(first, second)) {
        client.send(TestServer.rawPost(CHAT, large));
      }
      begun.await();
      while (server.server().runningRequests() < 2) {
        Thread.onSpinWait();
      }
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
      assertThat(server.post(CHAT, TestServer.HELLO).statusCode()).isEqualTo(200);
      release.countDown();
      for (RawHttp client : List.of(first, second)) {
        assertThat(client.read().status()).isEqualTo(200);
      }
    }
  }

  @Test
  void aClientThatLeavesEndsItsPreparation() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    CompletableFuture<GenerationException> left = new CompletableFuture<>();
    try (PreparationPool pool = pool(asked);
        TestServer server = TestServer.start(preparing(pool, release, left))) {
      try (RawHttp client = new RawHttp(server.server().port())) {
        client.send(
            "POST "
                + CHAT
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + TestServer.HELLO.length()
                + "\r\n\r\n"
                + TestServer.HELLO);
        while (server.server().runningRequests() == 0) {
          Thread.onSpinWait();
        }
      }
      assertThat(left.get().reason()).isEqualTo(GenerationException.Reason.INTERRUPTED);
      // The work itself still waits for this.
      asked.await();
      release.countDown();
      assertThat(server.post(CHAT, TestServer.HELLO).statusCode()).isEqualTo(200);
    }
  }

  /** The preparation is interrupted as it is where the server shuts down, which its client must not be told. */
  @Test
  void aClientThatClosesItsSideGetsNoAnswer() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CompletableFuture<GenerationException> left = new CompletableFuture<>();
    try (PreparationPool pool = pool();
        TestServer server = TestServer.start(preparing(pool, release, left));
        RawHttp client = new RawHttp(server.server().port())) {
      client.send(TestServer.rawPost(CHAT, TestServer.HELLO));
      while (server.server().runningRequests() == 0) {
        Thread.onSpinWait();
      }
      client.socket().shutdownOutput();
      assertThat(left.get().reason()).isEqualTo(GenerationException.Reason.INTERRUPTED);
      assertThat(client.readText()).isEmpty();
      release.countDown();
    }
  }

  private static PreparationPool pool() {
    return pool(new CountDownLatch(1));
  }

  /**
   * @param asked counted down once the work of a caller that has left is asked to end
   */
  private static PreparationPool pool(CountDownLatch asked) {
    return new PreparationPool(
        2,
        64,
        Thread.ofPlatform().daemon(true).factory(),
        EngineClosedException::new,
        () ->
            new Interruption() {
              @Override
              public void during(Runnable work) {
                work.run();
              }

              @Override
              public void request() {
                asked.countDown();
              }
            });
  }

  /** A generator whose preparations take until {@code release}; the first caller that leaves completes {@code left}. */
  private static ScriptedGenerator preparing(
      PreparationPool pool, CountDownLatch release, CompletableFuture<GenerationException> left) {
    return new ScriptedGenerator()
        .playing(script -> {
          try {
            pool.run(
                true,
                checkpoint -> {
                  await(release);
                  return 1;
                },
                nothing -> {});
          } catch (GenerationException gone) {
            left.complete(gone);
            throw gone;
          }
          script.say("done");
          script.finish(FinishReason.STOP);
        });
  }

  /** A generator that needs until {@code release} for large requests, as an engine tells them apart. */
  private static ScriptedGenerator tokenizing(PreparationPool pool, CountDownLatch begun, CountDownLatch release) {
    return new ScriptedGenerator()
        .playing(script -> {
          boolean large = RequestSize.isLarge(script.request());
          pool.run(
              large,
              checkpoint -> {
                if (large) {
                  begun.countDown();
                  await(release);
                }
                return 1;
              },
              nothing -> {});
          script.say("done");
          script.finish(FinishReason.STOP);
        });
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stray) {
      throw new AssertionError(stray);
    }
  }
}
