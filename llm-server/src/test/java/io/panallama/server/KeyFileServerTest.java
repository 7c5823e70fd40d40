package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.EmbeddingException;
import io.panallama.generation.FinishReason;
import io.panallama.request.Tenant;
import io.panallama.server.keys.AccessKey;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyFileException;
import io.panallama.server.keys.KeyLimits;
import io.panallama.server.keys.KeySet;
import io.panallama.server.keys.KeyUsage;
import io.panallama.server.keys.Role;
import io.panallama.server.keys.TestKeys;
import io.panallama.server.keys.WatchedKeys;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server with a file of keys. */
@Timeout(60)
class KeyFileServerTest {
  private static final String MESSAGES = "/v1/messages";
  private static final String MESSAGE =
      """
      {"max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}\
      """;

  @TempDir private Path folder;

  private final LogRecords log = LogRecords.of(WatchedKeys.class);
  private KeyFile file;
  private TestServer server;
  private ScriptedGenerator generator = ScriptedGenerator.answering("hi");

  @BeforeEach
  void start() {
    file = new KeyFile(folder.resolve("keys.json"));
    keep(
        TestKeys.key("user", "sk-user").build(),
        TestKeys.key("operator", "sk-operator").withRoles(Role.OPERATE).build(),
        TestKeys.key("both", "sk-both").withRoles(Role.USE, Role.OPERATE).build(),
        TestKeys.key("old", "sk-old").expiring(TestKeys.CREATED).build(),
        TestKeys.key("gone", "sk-gone").revoked(TestKeys.CREATED).build());
    server = TestServer.start(config(), generator);
  }

  @AfterEach
  void stop() {
    server.close();
    log.close();
  }

  private ServerConfig config() {
    return TestServer.config().toBuilder()
        .keyFile(file.path())
        .apiKeys(Set.of("sk-fixed"))
        .endpoints(Set.of(Endpoint.METRICS, Endpoint.SLOTS, Endpoint.PROPS, Endpoint.PAGE))
        .build();
  }

  private void keep(AccessKey... keys) {
    file.update(all -> new KeySet(List.of(keys)));
  }

  private void change(AccessKey key) {
    file.update(all -> all.with(key));
  }

  private HttpResponse<String> ask(String line, String key) {
    return ask(line, key, body(line.split(" ")[1]));
  }

  private HttpResponse<String> ask(String line, String key, String content) {
    String[] words = line.split(" ");
    boolean body = words[0].equals("POST");
    HttpRequest.BodyPublisher publisher =
        body ? HttpRequest.BodyPublishers.ofString(content) : HttpRequest.BodyPublishers.noBody();
    return server.send(
        server.request(words[1]).header("Authorization", "Bearer " + key).method(words[0], publisher).build());
  }

  private static String body(String path) {
    return switch (path) {
      case TestServer.CHAT -> TestServer.HELLO;
      case MESSAGES -> MESSAGE;
      default -> "{}";
    };
  }

  private HttpResponse<String> chat(String key) {
    return ask("POST " + TestServer.CHAT, key);
  }

  private static String code(HttpResponse<String> response) {
    return TestServer.error(response).path("code").asText();
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("none");
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          POST /v1/chat/completions | 200 | 403
          POST /v1/messages         | 200 | 403
          POST /tokenize            | 200 | 403
          GET /v1/responses/resp_1  | 404 | 403
          GET /v1/files             | 501 | 403
          GET /v1/streams/stream_1  | 404 | 403
          DELETE /v1/streams/stream | 404 | 403
          GET /v1/models            | 200 | 200
          GET /models               | 200 | 200
          GET /api/tags             | 200 | 200
          GET /props                | 200 | 200
          POST /props               | 403 | 200
          GET /slots                | 403 | 200
          DELETE /slots/7           | 403 | 404
          GET /v1/slots             | 403 | 200
          GET /slots/               | 403 | 200
          GET /metrics              | 403 | 200
          HEAD /metrics             | 403 | 200
          POST /api/pull            | 403 | 400
          POST /api/create          | 403 | 501
          DELETE /api/delete        | 403 | 501
          GET /none                 | 404 | 404
          GET /health               | 200 | 200
          """,
      delimiter = '|')
  void eachRouteNeedsItsRole(String line, int user, int operator) {
    assertThat(ask(line, "sk-user").statusCode()).as("use").isEqualTo(user);
    assertThat(ask(line, "sk-operator").statusCode()).as("operate").isEqualTo(operator);
    for (String all : new String[] {"sk-both", "sk-fixed"}) {
      assertThat(ask(line, all).statusCode()).as(all).isNotIn(401, 403);
    }
  }

  @Test
  void theRefusalSaysWhatIsMissingInTheDialectsWords() {
    HttpResponse<String> refused = chat("sk-operator");
    assertThat(code(refused)).isEqualTo("insufficient_permissions");
    assertThat(TestServer.error(refused).path("message").asText())
        .startsWith("You have insufficient permissions for this operation. Missing role: use.")
        .contains("operator")
        .doesNotContain("sk-");
    assertThat(json(ask("POST " + MESSAGES, "sk-operator").body()).at("/error/type").asText())
        .isEqualTo("permission_error");
    assertThat(json(ask("GET /slots", "sk-user").body()).at("/error/type").asText()).isEqualTo("permission_error");
  }

  @Test
  void keysThatHaveEndedAreToldApartFromWrongOnes() {
    assertThat(code(chat("sk-old"))).isEqualTo("expired_api_key");
    assertThat(code(chat("sk-gone"))).isEqualTo("revoked_api_key");
    assertThat(code(chat("sk-none"))).isEqualTo("invalid_api_key");
    assertThat(code(server.post(TestServer.CHAT, TestServer.HELLO))).isEqualTo("missing_api_key");
    assertThat(chat("sk-old").headers().firstValue("www-authenticate")).contains("Bearer");
  }

  @Test
  void aChangeOfTheFileHoldsFromTheNextRequestOn() throws Exception {
    assertThat(chat("sk-new").statusCode()).isEqualTo(401);
    change(TestKeys.key("new", "sk-new").build());
    assertThat(chat("sk-new").statusCode()).isEqualTo(200);
    change(TestKeys.key("new", "sk-new").revoked(TestKeys.CREATED).build());
    assertThat(code(chat("sk-new"))).isEqualTo("revoked_api_key");
    Files.writeString(file.path(), "{\"version\": 1, \"keys\": [");
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    Files.delete(file.path());
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    assertThat(log.errors())
        .hasSize(2)
        .allMatch(line -> line.contains("The keys of before remain in force: 3 active."));
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no pipes with names")
  void aPipeInPlaceOfTheFileStopsNobody() throws Exception {
    Files.delete(file.path());
    assertThat(new ProcessBuilder("mkfifo", file.path().toString()).start().waitFor()).isZero();
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    assertThat(chat("sk-gone").statusCode()).isEqualTo(401);
    assertThat(log.errors()).singleElement().asString().contains("it is no regular file", "3 active");
    assertThatThrownBy(() -> ChatServer.start(config())).hasMessageContaining("it is no regular file");
  }

  /** Nor operators, nor keys without an id, may see what others asked. */
  @Test
  void aResponseIsThereOnlyForTheKeyThatMadeIt() {
    change(TestKeys.key("ada", "sk-ada").build());
    String id = json(ask("POST /v1/responses", "sk-ada", "{\"input\": \"Hi\"}").body()).path("id").asText();
    String path = "/v1/responses/" + id;
    String item = json(ask("GET " + path + "/input_items", "sk-ada").body()).at("/data/0/id").asText();
    String next = "{\"input\": \"And?\", \"previous_response_id\": \"" + id + "\"}";
    String reference = "{\"input\": [{\"type\": \"item_reference\", \"id\": \"" + item + "\"}]}";
    for (String other : List.of("sk-user", "sk-both", "sk-fixed")) {
      for (String line : List.of("GET " + path, "GET " + path + "/input_items", "DELETE " + path)) {
        assertThat(ask(line, other).body())
            .as("%s of %s", line, other)
            .isEqualTo(ask(line.replace(id, "resp_none"), other).body().replace("resp_none", id));
        assertThat(ask(line, other).statusCode()).as("%s of %s", line, other).isEqualTo(404);
      }
      assertThat(ask("POST " + path + "/cancel", other).statusCode()).isEqualTo(404);
      HttpResponse<String> refused = ask("POST /v1/responses", other, next);
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(code(refused)).isEqualTo("previous_response_not_found");
      assertThat(ask("POST /v1/responses/input_tokens", other, next).statusCode()).isEqualTo(400);
      assertThat(ask("POST /v1/responses", other, reference).statusCode()).isEqualTo(404);
    }
    assertThat(ask("POST /v1/responses", "sk-ada", next).statusCode()).isEqualTo(200);
    assertThat(ask("POST /v1/responses", "sk-ada", reference).statusCode()).isEqualTo(200);
    change(TestKeys.key("ada", "sk-rotated").build());
    assertThat(ask("GET " + path, "sk-rotated").statusCode()).as("the key's other secret").isEqualTo(200);
    assertThat(ask("DELETE " + path, "sk-rotated").statusCode()).isEqualTo(200);
  }

  @Test
  void aFileThatCantBeUsedEndsTheStart() throws Exception {
    Files.writeString(file.path(), "[]");
    assertThatThrownBy(() -> ChatServer.start(config()))
        .isInstanceOf(KeyFileException.class)
        .hasMessageContaining("keys.json")
        .hasMessageContaining("must be an object");
  }

  /** For whom the engine computes, and what share that gets. */
  @Test
  void requestsAreTheirKeys() throws Exception {
    change(TestKeys.key("user", "sk-user").withWeight(2.5).build());
    chat("sk-user");
    assertThat(generator.next().request().options().tenant()).isEqualTo(new Tenant("user", 2.5));
    change(TestKeys.key("user", "sk-user").build());
    ask("POST " + MESSAGES, "sk-user");
    assertThat(generator.next().request().options().tenant()).isEqualTo(Tenant.of("user"));
    chat("sk-fixed");
    assertThat(generator.next().request().options().tenant()).isEqualTo(Tenant.of("--api-key"));
    ask("POST /v1/responses", "sk-user", "{\"input\": \"x\", \"background\": true}");
    assertThat(generator.next().request().options().tenant()).isEqualTo(Tenant.of("user"));
    try (TestServer open = TestServer.start(generator)) {
      open.post(TestServer.CHAT, TestServer.HELLO);
      assertThat(generator.next().request().options().tenant()).isEqualTo(Tenant.SHARED);
    }
  }

  @Test
  void limitsAreToldInEachDialectsHeaders() {
    change(TestKeys.key("user", "sk-user").withLimits(new KeyLimits(2, 3, 1000, 0)).build());
    HttpResponse<String> first = chat("sk-user");
    assertThat(header(first, "x-ratelimit-limit-requests")).isEqualTo("2");
    assertThat(header(first, "x-ratelimit-remaining-requests")).isEqualTo("1");
    assertThat(header(first, "x-ratelimit-reset-requests")).matches("30s|29\\.\\d+s|30\\.001s");
    assertThat(header(first, "x-ratelimit-limit-tokens")).isEqualTo("1000");
    assertThat(header(first, "x-ratelimit-remaining-tokens")).isEqualTo("1000");
    assertThat(header(first, "ratelimit-policy"))
        .isEqualTo(
            "\"requests-per-minute\";q=2;w=60, \"concurrent-requests\";q=3;qu=\"concurrent-requests\","
                + " \"tokens-per-minute\";q=1000;qu=\"tokens\";w=60");
    assertThat(header(first, "ratelimit"))
        .startsWith("\"requests-per-minute\";r=1;t=3")
        .contains("\"concurrent-requests\";r=2,");
    HttpResponse<String> second = ask("POST " + MESSAGES, "sk-user");
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(header(second, "anthropic-ratelimit-requests-limit")).isEqualTo("2");
    assertThat(header(second, "anthropic-ratelimit-requests-remaining")).isEqualTo("0");
    assertThat(Instant.parse(header(second, "anthropic-ratelimit-requests-reset")))
        .isBetween(Instant.now(), Instant.now().plus(Duration.ofSeconds(62)));
    assertThat(Long.parseLong(header(second, "anthropic-ratelimit-tokens-remaining"))).isBetween(983L, 999L);
    assertThat(second.headers().firstValue("x-ratelimit-limit-requests")).isEmpty();

    HttpResponse<String> third = chat("sk-user");
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(code(third)).isEqualTo("rate_limit_exceeded");
    assertThat(TestServer.error(third).path("message").asText())
        .startsWith("Rate limit reached for the key user on requests per minute (RPM): Limit 2.")
        .endsWith("Please try again in " + header(third, "retry-after") + "s.");
    assertThat(Integer.parseInt(header(third, "retry-after"))).isBetween(20, 30);
    assertThat(header(third, "x-ratelimit-remaining-requests")).isEqualTo("0");
    HttpResponse<String> fourth = ask("POST " + MESSAGES, "sk-user");
    assertThat(json(fourth.body()).at("/error/type").asText()).isEqualTo("rate_limit_error");
    // What costs nothing is not limited.
    assertThat(ask("GET /v1/models", "sk-user").statusCode()).isEqualTo(200);
    assertThat(ask("POST /v1/responses/resp_1/cancel", "sk-user").statusCode()).isEqualTo(404);
  }

  @Test
  void theTokensOfAnAnswerAreChargedOnceForAllItsChoices() {
    String two =
        """
        {"messages": [{"role": "user", "content": "Hello"}], "n": 2}\
        """;
    HttpResponse<String> answer =
        server.send(
            server
                .request(TestServer.CHAT)
                .header("x-api-key", "sk-user")
                .POST(HttpRequest.BodyPublishers.ofString(two))
                .build());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(usage("user")).isEqualTo(new KeyUsage("user", 1, 0, 0, 12, 10));
    assertThat(json(answer.body()).at("/usage/total_tokens").asInt()).isEqualTo(22);
  }

  /** Asks for a stream and leaves after its first piece. */
  private void leave(String path, String content) throws Exception {
    HttpRequest stream =
        server
            .request(path)
            .header("Authorization", "Bearer sk-user")
            .POST(HttpRequest.BodyPublishers.ofString(content))
            .build();
    try (Stream<String> lines = server.lines(stream).body()) {
      assertThat(lines.filter(line -> line.contains("\"one\"")).findFirst()).isPresent();
    }
    server.awaitNoRequests();
  }

  @Test
  void aStreamOfSeveralChoicesThatItsClientLeavesPaysForItsPromptOnce() throws Exception {
    generator.playing(script -> script.say("one"));
    leave(
        TestServer.CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"n\": 4, \"stream\": true}");
    assertThat(usage("user")).isEqualTo(new KeyUsage("user", 1, 0, 0, 12, 20));
  }

  @Test
  void aStreamOfSeveralPromptsThatItsClientLeavesPaysForEach() throws Exception {
    generator.playing(script -> script.say("one"));
    leave("/v1/completions", "{\"prompt\": [\"a\", \"b\", \"c\"], \"n\": 2, \"stream\": true}");
    assertThat(usage("user")).isEqualTo(new KeyUsage("user", 1, 0, 0, 36, 30));
  }

  @Test
  void anAnswerWithoutAStreamThatItsClientLeavesIsCharged() throws Exception {
    generator.playing(script -> script.say("one"));
    String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"n\": 2}";
    ScriptedGenerator.Script last;
    try (Socket _ = server.socket(rawPost(TestServer.CHAT, body))) {
      generator.next();
      last = generator.next();
    }
    assertThat(last.awaitCancel()).isTrue();
    server.awaitNoRequests();
    assertThat(usage("user")).isEqualTo(new KeyUsage("user", 1, 0, 0, 12, 10));
  }

  /** The scripted models count characters. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/v1/embeddings | {\"input\": [\"abc\", [1, 2]]} | 5",
        "/rerank | {\"query\": \"Q\", \"documents\": [\"one\", \"four\"]} | 9",
        "/classify | {\"input\": [\"one\", \"four\"]} | 7"
      })
  void textsThatTheirClientLeavesAreCharged(String path, String body, long tokens) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Runnable waiting =
        () -> {
          begun.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException left) {
            Thread.currentThread().interrupt();
            throw new EmbeddingException(EmbeddingException.Reason.INTERRUPTED, "Interrupted.", left);
          }
        };
    ScriptedEmbedder embedder = new ScriptedEmbedder();
    ScriptedReranker reranker = new ScriptedReranker();
    ScriptedClassifier classifier = new ScriptedClassifier();
    embedder.during(waiting);
    reranker.during(waiting);
    classifier.during(waiting);
    server.server().serve(ScriptedEmbedder.model(), embedder);
    server.server().serve(ScriptedReranker.model(), reranker);
    server.server().serve(ScriptedClassifier.model(), classifier);
    try (Socket _ = server.socket(rawPost(path, body))) {
      begun.await();
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (usage("user").running() > 0 && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    assertThat(usage("user")).isEqualTo(new KeyUsage("user", 1, 0, 0, tokens, 0));
  }

  private static String rawPost(String path, String body) {
    return TestServer.rawPost(path, body).replaceFirst("\r\n", "\r\nAuthorization: Bearer sk-user\r\n");
  }

  @Test
  void aKeyBeyondItsTokensIsRefusedTheNextTime() {
    change(TestKeys.key("user", "sk-user").withLimits(new KeyLimits(0, 0, 0, 20)).build());
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    assertThat(header(chat("sk-user"), "x-ratelimit-remaining-tokens")).isEqualTo("3");
    HttpResponse<String> refused = chat("sk-user");
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(TestServer.error(refused).path("message").asText()).contains("tokens per day (TPD): Limit 20");
    assertThat(chat("sk-both").statusCode()).isEqualTo(200);
  }

  @Test
  void aRequestCountsAsRunningToItsEndWhetherOrNotItsClientWaits() throws Exception {
    change(TestKeys.key("user", "sk-user").withLimits(new KeyLimits(0, 1, 0, 0)).build());
    generator.playing(script -> {});
    HttpRequest stream =
        server
            .request(TestServer.CHAT)
            .header("Authorization", "Bearer sk-user")
            .POST(HttpRequest.BodyPublishers.ofString(TestServer.HELLO_STREAM))
            .build();
    ScriptedGenerator.Script script;
    try (InputStream _ = server.send(stream, HttpResponse.BodyHandlers.ofInputStream()).body()) {
      script = generator.next();
      script.say("one");
      HttpResponse<String> refused = chat("sk-user");
      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(header(refused, "retry-after")).isEqualTo("1");
      assertThat(usage("user").running()).isEqualTo(1);
    }
    assertThat(script.awaitCancel()).isTrue();
    server.awaitNoRequests();
    generator.playing(next -> next.finish(FinishReason.STOP));
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    // What the client that has left had computed is charged, too.
    assertThat(usage("user").promptTokens()).isEqualTo(24);
  }

  @Test
  void aResponseInTheBackgroundIsRunningUntilItEnds() throws Exception {
    change(TestKeys.key("user", "sk-user").withLimits(new KeyLimits(0, 1, 0, 0)).build());
    generator.playing(script -> {});
    HttpRequest background =
        server
            .request("/v1/responses")
            .header("Authorization", "Bearer sk-user")
            .POST(HttpRequest.BodyPublishers.ofString("{\"input\": \"Hi\", \"background\": true}"))
            .build();
    String id = json(server.send(background).body()).path("id").asText();
    ScriptedGenerator.Script script = generator.next();
    assertThat(chat("sk-user").statusCode()).isEqualTo(429);
    assertThat(ask("POST /v1/responses/" + id + "/cancel", "sk-user").statusCode()).isEqualTo(200);
    assertThat(script.awaitCancel()).isTrue();
    server.awaitNoRequests();
    generator.playing(next -> next.finish(FinishReason.STOP));
    assertThat(chat("sk-user").statusCode()).isEqualTo(200);
    assertThat(usage("user").promptTokens()).isEqualTo(24);
  }

  private KeyUsage usage(String id) {
    return server.server().keyUsage().stream().filter(one -> one.id().equals(id)).findFirst().orElseThrow();
  }
}
