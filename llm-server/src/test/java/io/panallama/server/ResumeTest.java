package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EngineBusyException;
import io.panallama.generation.FinishReason;
import io.panallama.server.metrics.PrometheusText;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that outlive their connections, over HTTP. */
@Timeout(60)
class ResumeTest {
  private static final String RESUME = "Panallama-Resume";
  private static final String ID = "Panallama-Stream-Id";
  private static final String LAST = "Last-Event-ID";

  private final ScriptedGenerator generator = new ScriptedGenerator();
  private TestServer server = TestServer.start(generator);

  @AfterEach
  void close() {
    server.close();
  }

  private void restart(ServerConfig.Builder config) {
    server.close();
    server = TestServer.start(config.build(), generator);
  }

  private static ServerConfig.Builder config() {
    return TestServer.config().toBuilder();
  }

  private HttpRequest.Builder post(String path, String body) {
    return server
        .request(path)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body));
  }

  /** A stream that can be resumed, as its client reads it. */
  private Client begin() throws Exception {
    return new Client(server.lines(post(CHAT, HELLO_STREAM).header(RESUME, "true").build()));
  }

  private Client resume(String id, String last) throws Exception {
    HttpResponse<Stream<String>> response =
        server.lines(server.request("/v1/streams/" + id).header(LAST, last).build());
    assertThat(response.statusCode()).isEqualTo(200);
    return new Client(response);
  }

  private HttpResponse<String> get(String path, String... headers) {
    HttpRequest.Builder request = server.request(path);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return server.send(request.build());
  }

  private HttpResponse<String> delete(String id, String... headers) {
    HttpRequest.Builder request = server.request("/v1/streams/" + id).DELETE();
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return server.send(request.build());
  }

  /** Reads a stream line by line, and knows the id of the last event that it has read whole. */
  private static final class Client implements AutoCloseable {
    private final HttpResponse<Stream<String>> response;
    private final Iterator<String> lines;
    private final List<String> read = new ArrayList<>();
    private String last = "";
    private String next = "";

    Client(HttpResponse<Stream<String>> response) {
      this.response = response;
      this.lines = response.body().iterator();
    }

    String id() {
      return response.headers().firstValue(ID).orElseThrow();
    }

    String last() {
      return last;
    }

    private String line() {
      String line = lines.next();
      if (line.startsWith("id: ")) {
        next = line.substring(4);
      } else if (line.isEmpty()) {
        last = next;
      }
      read.add(line);
      return line;
    }

    /** Reads up to the end of the event with this text. */
    void until(String text) {
      String line = line();
      while (!line.contains(text)) {
        line = line();
      }
      while (!line.isEmpty()) {
        line = line();
      }
    }

    /** Reads to the end; the events without comments. */
    String rest() {
      int from = read.size();
      while (lines.hasNext()) {
        line();
      }
      return events(read.subList(from, read.size()));
    }

    /** Drops the connection. */
    @Override
    public void close() {
      response.body().close();
    }
  }

  private static String events(List<String> lines) {
    return String.join("\n", lines).replaceAll("(?m)^:.*\n\n?", "");
  }

  private void awaitDetached(long count) {
    while (server.server().streams().detached() != count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aStreamGoesOnWithoutItsClientAndIsContinued() throws Exception {
    Client first = begin();
    ScriptedGenerator.Script script = generator.next();
    assertThat(first.id()).matches("stream_[0-9a-f]{32}");
    assertThat(first.response.headers().firstValue(RESUME)).hasValue("60");
    script.say("one");
    first.until("one");
    assertThat(first.last()).isEqualTo(first.id() + ":1");
    first.close();
    awaitDetached(1);
    script.say("two");
    script.say("three");
    script.finish(FinishReason.STOP);
    assertThat(script.awaitClose()).isTrue();
    assertThat(script.isCancelled()).isFalse();
    try (Client second = resume(first.id(), first.last())) {
      String rest = second.rest();
      assertThat(rest).startsWith("id: " + first.id() + ":2\ndata: {").contains("two", "three").doesNotContain("one");
      assertThat(rest).endsWith("data: [DONE]\n");
      assertThat(second.response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      HttpResponse<String> whole = get("/v1/streams/" + first.id());
      assertThat(events(whole.body().lines().toList())).endsWith(rest.strip() + "\n");
      assertThat(events(first.read)).isNotEmpty();
      assertThat(events(whole.body().lines().toList())).startsWith(events(first.read).strip());
      assertThat(get("/v1/streams/" + first.id(), LAST, second.last()).statusCode()).isEqualTo(204);
    }
    assertThat(server.server().streams().resumed()).isEqualTo(2);
  }

  @ParameterizedTest
  @SuppressWarnings("try") // the client leaves in the middle
  @ValueSource(strings = {"", "false", "0"})
  void aClientThatDoesNotAskCancelsWhenItLeaves(String wish) throws Exception {
    HttpRequest.Builder request = post(CHAT, HELLO_STREAM);
    if (!wish.isEmpty()) {
      request.header(RESUME, wish);
    }
    try (Client client = new Client(server.lines(request.build()))) {
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      client.until("one");
      assertThat(client.response.headers().firstValue(ID)).isEmpty();
      assertThat(client.read).noneMatch(line -> line.startsWith("id:"));
      client.close();
      assertThat(script.awaitCancel()).isTrue();
      assertThat(script.awaitClose()).isTrue();
      assertThat(server.server().streams().kept()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /v1/chat/completions | {"messages": [{"role": "user", "content": "x"}], "stream": true
          /v1/completions      | {"prompt": "x", "stream": true
          /v1/responses        | {"input": "x", "stream": true
          /v1/messages         | {"messages": [{"role": "user", "content": "x"}], "max_tokens": 9, "stream": true
          /completion          | {"prompt": "x", "stream": true
          /infill              | {"input_prefix": "x", "input_suffix": "y", "stream": true
          /api/chat            | {"messages": [{"role": "user", "content": "x"}]
          /api/generate        | {"prompt": "x"
          """)
  void everyRouteThatStreamsCanBeResumedByHeaderOrBody(String path, String body) throws Exception {
    restart(config().strictFields(true));
    generator.playing(script -> {
      script.say("one");
      script.say("two");
      script.finish(FinishReason.STOP);
    });
    HttpResponse<String> plain = server.send(post(path, body + "}").build());
    HttpResponse<String> asked = server.send(post(path, body + ", \"stream_options\": {\"resumable\": true}}").build());
    HttpResponse<String> first = server.send(post(path, body + "}").header(RESUME, "7").build());
    assertThat(plain.headers().firstValue(ID)).isEmpty();
    assertThat(asked.headers().firstValue(ID)).as(asked.body()).isPresent();
    assertThat(first.headers().firstValue(RESUME)).hasValue("7");
    String id = first.headers().firstValue(ID).orElseThrow();
    boolean lines = path.startsWith("/api");
    List<String> whole = List.of(events(first.body().lines().toList()).split(lines ? "\n" : "\n\n"));
    assertThat(whole).hasSizeGreaterThan(2);
    for (int last = -1; last < whole.size() - 1; last++) {
      HttpResponse<String> rest = get("/v1/streams/" + id + (last < 0 ? "" : "?starting_after=" + last));
      assertThat(rest.statusCode()).isEqualTo(200);
      assertThat(rest.headers().firstValue("Content-Type")).isEqualTo(first.headers().firstValue("Content-Type"));
      assertThat(events(rest.body().lines().toList()).split(lines ? "\n" : "\n\n"))
          .containsExactlyElementsOf(whole.subList(last + 1, whole.size()));
    }
    HttpResponse<String> nothing = get("/v1/streams/" + id + "?starting_after=" + (whole.size() - 1));
    assertThat(nothing.statusCode()).isEqualTo(204);
    assertThat(nothing.body()).isEmpty();
    assertThat(nothing.headers().map()).doesNotContainKeys("content-length", "content-type", "transfer-encoding");
    assertThat(get("/health").statusCode()).as("the connection goes on").isEqualTo(200);
    String withoutIds = first.body().replaceAll("(?m)^id: .*\n", "");
    assertThat(withoutIds.replaceAll("(?m)^:.*\n\n", "").lines().count())
        .isEqualTo(plain.body().replaceAll("(?m)^:.*\n\n", "").lines().count());

    HttpResponse<String> wrong = get("/v1/streams/" + id, LAST, "x");
    assertThat(wrong.statusCode()).isEqualTo(400);
    JsonNode error = json(wrong.body()).path("error");
    String message = path.startsWith("/api") ? error.asText() : error.path("message").asText();
    assertThat(message).contains("Last-Event-ID must be the id of an event, such as " + id + ":17", "\"x\"");
    assertThat(json(wrong.body()).path("type").asText()).isEqualTo(path.equals("/v1/messages") ? "error" : "");
    if (path.equals("/completion")) {
      assertThat(error.path("code").asInt()).isEqualTo(400);
    }
  }

  @Test
  void theNumbersOfAResponsesEventsAreItsSequenceNumbers() {
    generator.playing(script -> {
      script.say("one");
      script.finish(FinishReason.STOP);
    });
    HttpResponse<String> answer =
        server.send(post("/v1/responses", "{\"input\": \"x\", \"stream\": true}").header(RESUME, "true").build());
    List<String> ids = answer.body().lines().filter(line -> line.startsWith("id: ")).toList();
    List<String> data = TestServer.data(answer.body());
    assertThat(ids).hasSameSizeAs(data).hasSizeGreaterThan(5);
    for (int i = 0; i < ids.size(); i++) {
      assertThat(ids.get(i)).endsWith(":" + json(data.get(i)).path("sequence_number").asInt());
    }
  }

  @Test
  void aClientThatComesBackTakesOverAndTheOldConnectionIsCut() throws Exception {
    try (Client old = begin()) {
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      old.until("one");
      try (Client fresh = resume(old.id(), old.last())) {
        script.say("two");
        fresh.until("two");
        assertThatThrownBy(old::rest).isInstanceOf(UncheckedIOException.class);
        script.finish(FinishReason.STOP);
        assertThat(fresh.rest()).contains("[DONE]");
        assertThat(script.isCancelled()).isFalse();
      }
    }
  }

  @Test
  void aHeadTakesNothingOver() throws Exception {
    try (Client client = begin()) {
      ScriptedGenerator.Script script = generator.next();
      HttpRequest head = server.request("/v1/streams/" + client.id()).method("HEAD", noBody()).build();
      HttpResponse<String> answer = server.send(head);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      script.say("one");
      script.finish(FinishReason.STOP);
      assertThat(client.rest()).contains("one", "[DONE]");
    }
  }

  private static HttpRequest.BodyPublisher noBody() {
    return HttpRequest.BodyPublishers.noBody();
  }

  @Test
  void aDeletedStreamIsCancelledAndItsReaderToldSo() throws Exception {
    try (Client client = begin()) {
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      client.until("one");
      HttpResponse<String> deleted = delete(client.id());
      assertThat(deleted.statusCode()).isEqualTo(200);
      assertThat(json(deleted.body()))
          .isEqualTo(json("{\"id\": \"" + client.id() + "\", \"object\": \"stream\", \"deleted\": true}"));
      assertThat(script.awaitCancel()).isTrue();
      assertThat(client.rest()).contains("event: error", "cancelled").doesNotContain("[DONE]");
      for (HttpResponse<String> gone : List.of(get("/v1/streams/" + client.id()), delete(client.id()))) {
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(TestServer.error(gone).path("code").asText()).isEqualTo("stream_not_found");
      }
    }
  }

  @Test
  void aStreamWithoutItsClientCanBeDeleted() throws Exception {
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    client.close();
    awaitDetached(1);
    assertThat(script.isCancelled()).isFalse();
    assertThat(delete(client.id()).statusCode()).isEqualTo(200);
    assertThat(script.awaitCancel()).isTrue();
    assertThat(script.awaitClose()).isTrue();
  }

  @Test
  void onlyTheKeyThatBeganAStreamMayContinueOrDeleteIt() throws Exception {
    restart(config().apiKeys(Set.of("sk-one", "sk-two")));
    HttpRequest request =
        post(CHAT, HELLO_STREAM).header(RESUME, "true").header("Authorization", "Bearer sk-one").build();
    try (Client client = new Client(server.lines(request))) {
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      client.until("one");
      String path = "/v1/streams/" + client.id();
      assertThat(get(path).statusCode()).isEqualTo(401);
      HttpResponse<String> foreign = get(path, "Authorization", "Bearer sk-two");
      HttpResponse<String> unknown = get("/v1/streams/stream_0", "Authorization", "Bearer sk-two");
      assertThat(foreign.statusCode()).isEqualTo(404);
      assertThat(foreign.body()).isEqualTo(unknown.body());
      assertThat(delete(client.id(), "Authorization", "Bearer sk-two").statusCode()).isEqualTo(404);
      assertThat(script.isCancelled()).isFalse();
      script.finish(FinishReason.STOP);
      assertThat(client.rest()).contains("[DONE]");
      assertThat(get(path, "Authorization", "Bearer sk-one").body()).contains("one", "[DONE]");
    }
  }

  @Test
  void aStreamWhoseClientStaysAwayIsCancelled() throws Exception {
    restart(config().resumeTime(Duration.ofMillis(50)));
    Client client = begin();
    assertThat(client.response.headers().firstValue(RESUME)).hasValue("1");
    ScriptedGenerator.Script script = generator.next();
    client.close();
    assertThat(script.awaitCancel()).isTrue();
    assertThat(script.awaitClose()).isTrue();
    HttpResponse<String> gone = get("/v1/streams/" + client.id(), "anthropic-version", "2023-06-01");
    assertThat(gone.statusCode()).isEqualTo(404);
    assertThat(json(gone.body()).path("type").asText()).isEqualTo("error");
    assertThat(json(gone.body()).at("/error/type").asText()).isEqualTo("not_found_error");
    assertThat(server.server().streams().expired()).isEqualTo(1);
    server.awaitNoRequests();
  }

  @Test
  void aGenerationWaitsWhileTheBufferIsFullAndGoesOn() throws Exception {
    restart(config().resumeBufferBytes(16 << 10).resumeMemoryBytes(16 << 10));
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    script.say("begin");
    client.until("begin");
    client.close();
    awaitDetached(1);
    for (int i = 0; i < 300; i++) {
      script.say("piece" + i + "-" + "x".repeat(200));
    }
    script.finish(FinishReason.STOP);
    while (server.server().streams().bytes() < 7 << 10) {
      Thread.onSpinWait();
    }
    assertThat(server.server().streams().detached()).as("it has not ended").isEqualTo(1);
    assertThat(server.server().streams().bytes()).isLessThanOrEqualTo(16 << 10);
    try (Client back = resume(client.id(), client.last())) {
      String rest = back.rest();
      int at = 0;
      for (int i = 0; i < 300; i++) {
        int next = rest.indexOf("piece" + i + "-");
        assertThat(next).as("piece " + i).isGreaterThan(at);
        assertThat(rest.indexOf("piece" + i + "-", next + 1)).isNegative();
        at = next;
      }
      assertThat(rest).endsWith("data: [DONE]\n");
    }
    HttpResponse<String> purged = get("/v1/streams/" + client.id(), LAST, "0");
    assertThat(purged.statusCode()).isEqualTo(410);
    assertThat(TestServer.error(purged).path("code").asText()).isEqualTo("events_not_kept");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          abc                | must be the id of an event
          -1                 | must be the id of an event
          12345678901234567  | must be the id of an event
          stream_0:1         | is the id of an event of another stream
          77                 | The stream has had no event 77 yet; the last one has the number
          """)
  void aWrongPlaceIs400(String last, String expected) throws Exception {
    try (Client client = begin()) {
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      client.until("one");
      for (HttpResponse<String> wrong :
          List.of(
              get("/v1/streams/" + client.id(), LAST, last),
              get("/v1/streams/" + client.id() + "?starting_after=" + last))) {
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(TestServer.error(wrong).path("message").asText()).contains(expected);
      }
      script.finish(FinishReason.STOP);
      assertThat(client.rest()).contains("[DONE]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "-1", "1.5", "1234567890"})
  void aWrongWishIs400(String wish) {
    HttpResponse<String> wrong = server.send(post(CHAT, HELLO_STREAM).header(RESUME, wish).build());
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(wrong).path("message").asText())
        .isEqualTo(
            "The header Panallama-Resume must be true, false or a whole number of seconds, but it is \""
                + wish
                + "\".");
  }

  @Test
  void anAnswerThatIsNoStreamTakesNoNoticeOfTheWish() {
    generator.playing(script -> {
      script.say("one");
      script.finish(FinishReason.STOP);
    });
    restart(config().strictFields(true));
    HttpResponse<String> whole = server.send(post(CHAT, HELLO).header(RESUME, "true").build());
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.headers().firstValue(ID)).isEmpty();
  }

  @Test
  void aServerThatKeepsNoStreamsSaysSo() {
    generator.playing(script -> script.finish(FinishReason.STOP));
    restart(config().resumeTime(Duration.ZERO));
    HttpResponse<String> answer = server.send(post(CHAT, HELLO_STREAM).header(RESUME, "true").build());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue(ID)).isEmpty();
    assertThat(answer.headers().firstValue("Panallama-Ignored")).hasValue(RESUME);
    restart(config().resumeTime(Duration.ZERO).strictFields(true));
    HttpResponse<String> refused = server.send(post(CHAT, HELLO_STREAM).header(RESUME, "true").build());
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("--resume-time 0");
  }

  @Test
  void heartbeatsAreNoEvents() throws Exception {
    restart(config().heartbeatInterval(Duration.ofMillis(20)));
    try (Client client = begin()) {
      ScriptedGenerator.Script script = generator.next();
      client.until(": waiting");
      client.until(": waiting");
      script.say("one");
      client.until("one");
      client.until(": waiting");
      script.finish(FinishReason.STOP);
      client.rest();
      List<String> ids = client.read.stream().filter(line -> line.startsWith("id: ")).toList();
      for (int i = 0; i < ids.size(); i++) {
        assertThat(ids.get(i)).isEqualTo("id: " + client.id() + ":" + i);
      }
      HttpResponse<String> again = get("/v1/streams/" + client.id());
      assertThat(again.body()).contains(": ok").doesNotContain("waiting");
    }
  }

  @Test
  void aShutdownWaitsForAStreamWithoutItsClientWhichCanBeContinuedMeanwhile() throws Exception {
    restart(config().shutdownGrace(Duration.ofSeconds(50)));
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    script.say("one");
    client.until("one");
    client.close();
    awaitDetached(1);
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(() -> server.server().close(), Thread::startVirtualThread);
    while (!server.get("/health").body().contains("draining")) {
      Thread.onSpinWait();
    }
    try (Client back = resume(client.id(), client.last())) {
      script.say("two");
      back.until("two");
      assertThat(closing).isNotDone();
      script.finish(FinishReason.STOP);
      assertThat(back.rest()).contains("[DONE]");
    }
    closing.get(20, TimeUnit.SECONDS);
    assertThat(script.isCancelled()).isFalse();
  }

  @Test
  void aShutdownEndsAStreamWithoutItsClientAtTheEndOfItsGrace() throws Exception {
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    client.close();
    awaitDetached(1);
    server.server().close();
    assertThat(script.awaitCancel()).isTrue();
    assertThat(script.awaitClose()).isTrue();
  }

  @Test
  void streamsAreCounted() throws Exception {
    restart(config().endpoints(Set.of(Endpoint.METRICS)));
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    script.say("one");
    client.until("one");
    assertThat(metric("panallama_streams_detached")).isZero();
    client.close();
    awaitDetached(1);
    assertThat(metric("panallama_streams_detached")).isEqualTo(1);
    try (Client back = resume(client.id(), client.last())) {
      script.say("two");
      back.until("two");
      assertThat(metric("panallama_streams_detached")).isZero();
      assertThat(metric("panallama_streams_resumed_total")).isEqualTo(1);
      assertThat(metric("panallama_streams_expired_total")).isZero();
      script.finish(FinishReason.STOP);
      back.rest();
    }
  }

  private double metric(String name) {
    return PrometheusText.parse(server.get("/metrics").body()).value(name);
  }

  /** A generation that fails after its stream has begun. */
  @Test
  void aFailureIsTheStreamsLastEvent() throws Exception {
    Client client = begin();
    ScriptedGenerator.Script script = generator.next();
    script.say("one");
    client.until("one");
    client.close();
    awaitDetached(1);
    script.cancel();
    try (Client back = resume(client.id(), client.last())) {
      assertThat(back.rest()).contains("event: error", "cancelled").doesNotContain("[DONE]");
    }
  }

  @Test
  void aRequestThatIsRefusedLeavesNoStream() throws Exception {
    generator.refuse(new EngineBusyException(64, Duration.ofSeconds(3)));
    HttpResponse<String> refused = server.send(post(CHAT, HELLO_STREAM).header(RESUME, "true").build());
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue(ID)).isEmpty();
    assertThat(server.server().streams().kept()).isZero();
    server.awaitNoRequests();
  }
}
