package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.rawPost;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.helidon.webserver.http.ErrorHandlers;
import io.panallama.generation.FinishReason;
import io.panallama.server.http.ClientConnection;
import io.panallama.server.http.ErrorBoundary;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that disconnect, stall, send slowly or send ahead. */
class ConnectionTest {
  @ParameterizedTest
  @ValueSource(strings = {HELLO_STREAM, HELLO})
  void aClientThatLeavesBeforeTheFirstTokenCancels(String body) throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      Socket socket = server.socket(rawPost(CHAT, body));
      ScriptedGenerator.Script script = generator.next();
      assertThat(script.isCancelled()).isFalse();
      socket.close();
      assertThat(script.awaitCancel()).isTrue();
      assertThat(script.awaitClose()).isTrue();
    }
  }

  /** Whether it still reads can't be known, and no answer is better than one that is not true. */
  @ParameterizedTest
  @ValueSource(strings = {HELLO_STREAM, HELLO})
  void aClientThatClosesItsSideHasLeft(String body) throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator);
        Socket socket = server.socket(rawPost(CHAT, body))) {
      ScriptedGenerator.Script script = generator.next();
      socket.shutdownOutput();
      assertThat(script.awaitCancel()).isTrue();
      assertThat(script.awaitClose()).isTrue();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).doesNotContain("HTTP/1.1 503").doesNotContain("shutting down").doesNotContain("error");
    }
  }

  @Test
  void whatNeedsNoGenerationIsAnsweredAllTheSame() throws Exception {
    try (TestServer server = TestServer.start(new ScriptedGenerator())) {
      for (String request : new String[] {rawPost(CHAT, "{}"), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
        try (Socket socket = server.socket(request)) {
          socket.shutdownOutput();
          awaitLine(socket, request.startsWith("GET") ? "200" : "400");
        }
      }
    }
  }

  @Test
  void aClientThatResetsMidStreamCancels() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      Socket socket = server.socket(rawPost(CHAT, HELLO_STREAM));
      ScriptedGenerator.Script script = generator.next();
      script.say("one");
      awaitLine(socket, "one");
      socket.setSoLinger(true, 0);
      socket.close();
      assertThat(script.awaitCancel()).isTrue();
      assertThat(script.awaitClose()).isTrue();
    }
  }

  @Test
  void oneClientLeavingDoesNotTouchTheOthers() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      Socket leaving = server.socket(rawPost(CHAT, HELLO_STREAM));
      ScriptedGenerator.Script left = generator.next();
      try (Socket staying = server.socket(rawPost(CHAT, HELLO_STREAM))) {
        ScriptedGenerator.Script stays = generator.next();
        leaving.close();
        assertThat(left.awaitClose()).isTrue();
        stays.say("still here");
        stays.finish(FinishReason.STOP);
        awaitLine(staying, "[DONE]");
        assertThat(stays.isCancelled()).isFalse();
      }
    }
  }

  @Test
  void aFinishedGenerationIsClosedButNotCancelled() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      server.post(CHAT, HELLO);
      ScriptedGenerator.Script script = generator.next();
      assertThat(script.awaitClose()).isTrue();
      assertThat(script.isCancelled()).isFalse();
    }
  }

  @Test
  void aConnectionServesManyRequestsAlsoSentAhead() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator);
        Socket socket = server.socket(rawPost(CHAT, HELLO_STREAM) + rawPost(CHAT, HELLO_STREAM))) {
      ScriptedGenerator.Script first = generator.next();
      assertThat(generator.startedMore()).isFalse();
      first.say("first");
      first.finish(FinishReason.STOP);
      BufferedReader lines = awaitLine(socket, "[DONE]");
      ScriptedGenerator.Script second = generator.next();
      second.say("second");
      second.finish(FinishReason.STOP);
      awaitLine(lines, "second");
    }
  }

  @Test
  void aClientThatDoesNotReadDoesNotHoldUpTheOthersAndIsCutInTheEnd() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().writeTimeout(Duration.ofSeconds(1)).build();
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        LogRecords broken = LogRecords.of(ClientConnection.class);
        LogRecords helidon = LogRecords.of(ErrorHandlers.class);
        TestServer server = TestServer.start(config, generator)) {
      try (Socket slow = server.socket(rawPost(CHAT, HELLO_STREAM))) {
        ScriptedGenerator.Script stuck = generator.next();
        String page = "x".repeat(1 << 20);
        for (int i = 0; i < 32; i++) {
          stuck.say(page);
        }
        try (Socket quick = server.socket(rawPost(CHAT, HELLO_STREAM))) {
          ScriptedGenerator.Script script = generator.next();
          script.say("quick");
          script.finish(FinishReason.STOP);
          awaitLine(quick, "[DONE]");
        }
        assertThat(stuck.awaitClose()).as("long before the idle timeout").isTrue();
        server.awaitNoConnections();
        assertThat(slow.isClosed()).as("the client has done nothing").isFalse();
      }
      assertThat(faults.errors()).isEmpty();
      assertThat(broken.errors()).isEmpty();
      assertThat(helidon.warnings()).as("a client must not fill the log").isEmpty();
    }
  }

  /** A stream of tokens that the buffers of the system could hold for minutes. */
  @Test
  void aClientThatLeavesAMegabyteUnreadIsCut() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().writeTimeout(Duration.ofSeconds(1)).build();
    try (TestServer server = TestServer.start(config, generator);
        Socket slow = server.socket(rawPost(CHAT, HELLO_STREAM))) {
      ScriptedGenerator.Script stuck = generator.next();
      String piece = "x".repeat(1 << 10);
      for (int i = 0; i < 1 << 10; i++) {
        stuck.say(piece);
      }
      assertThat(stuck.awaitClose()).isTrue();
      server.awaitNoConnections();
      assertThat(slow.isClosed()).isFalse();
    }
  }

  @Test
  void aWholeAnswerThatIsNotReadIsCutAsWell() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().writeTimeout(Duration.ofSeconds(1)).build();
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        LogRecords broken = LogRecords.of(ClientConnection.class);
        LogRecords helidon = LogRecords.of(ErrorHandlers.class);
        TestServer server = TestServer.start(config, generator);
        Socket slow = server.socket(rawPost(CHAT, HELLO))) {
      ScriptedGenerator.Script stuck = generator.next();
      stuck.say("x".repeat(32 << 20));
      stuck.finish(FinishReason.STOP);
      assertThat(stuck.awaitClose()).isTrue();
      server.awaitNoConnections();
      assertThat(slow.isClosed()).isFalse();
      assertThat(faults.errors()).isEmpty();
      assertThat(broken.errors()).isEmpty();
      assertThat(helidon.warnings()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /v1/chat/comp",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Le",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
      })
  void anUnfinishedRequestIs408(String start) throws Exception {
    ServerConfig config = TestServer.config().toBuilder().requestTimeout(Duration.ofMillis(200)).build();
    try (TestServer server = TestServer.start(config, new ScriptedGenerator());
        Socket socket = server.socket(start)) {
      BufferedReader lines = awaitLine(socket, "408");
      awaitLine(lines, "not complete after");
      assertThat(lines.readLine()).as("closed").isNull();
    }
  }

  /** As http.client of Python, which reads the answer only when it has sent the whole body. */
  @Test
  void aClientThatSendsAHugeBodyBeforeItReadsGetsTheRefusal() throws Exception {
    byte[] part = new byte[1 << 20];
    int parts = 60;
    try (TestServer server = TestServer.start(new ScriptedGenerator());
        RawHttp client = new RawHttp(server.server().port())) {
      client.send(
          "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + parts * part.length + "\r\n\r\n");
      for (int i = 0; i < parts; i++) {
        client.send(part);
      }
      assertThat(client.read().status()).isEqualTo(413);
    }
  }

  @Test
  void aRefusedBodyThatNeverEndsIsNotReadForEver() throws Exception {
    try (TestServer server = TestServer.start(new ScriptedGenerator());
        RawHttp client = new RawHttp(server.server().port())) {
      client.send("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(413);
      assertThatThrownBy(
              () -> {
                while (true) {
                  client.send("x");
                  Thread.sleep(50);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void anIdleConnectionIsClosedSilently() throws Exception {
    ServerConfig config = TestServer.config().toBuilder().idleTimeout(Duration.ofMillis(200)).build();
    try (TestServer server = TestServer.start(config, new ScriptedGenerator());
        Socket socket = server.socket("")) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aLongAnswerIsNotAnIdleConnection() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config =
        TestServer.config().toBuilder()
            .idleTimeout(Duration.ofMillis(200))
            .requestTimeout(Duration.ofMillis(200))
            .build();
    try (TestServer server = TestServer.start(config, generator);
        Socket socket = server.socket(rawPost(CHAT, HELLO_STREAM))) {
      ScriptedGenerator.Script script = generator.next();
      // Past both limits and at least one round of Helidon's idle check; nothing may happen.
      assertThat(script.awaitCancel(Duration.ofMillis(1_500))).isFalse();
      script.say("late");
      script.finish(FinishReason.STOP);
      awaitLine(socket, "[DONE]");
    }
  }

  @Test
  void closesWhenTheClientAsksTo() throws Exception {
    try (TestServer server = TestServer.start(new ScriptedGenerator());
        Socket socket = server.socket("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /")) {
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).contains("Connection: close").endsWith("{\"status\":\"ok\"}");
    }
  }

  @Test
  void malformedHttpGetsAJsonError() throws Exception {
    try (TestServer server = TestServer.start(new ScriptedGenerator());
        Socket socket = server.socket("NONSENSE\r\n\r\n")) {
      awaitLine(socket, "invalid_request_error");
    }
    try (TestServer server = TestServer.start(new ScriptedGenerator());
        Socket socket =
            server.socket("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n")) {
      awaitLine(socket, "invalid_request_error");
    }
  }

  @Test
  void healthAnswersWhileManyWait() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      Socket[] waiting = new Socket[50];
      for (int i = 0; i < waiting.length; i++) {
        waiting[i] = server.socket(rawPost(CHAT, HELLO_STREAM));
        generator.next();
      }
      HttpResponse<String> response = server.get("/health");
      assertThat(response.statusCode()).isEqualTo(200);
      for (Socket socket : waiting) {
        socket.close();
      }
    }
  }

  private static BufferedReader awaitLine(Socket socket, String part) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    awaitLine(lines, part);
    return lines;
  }

  private static void awaitLine(BufferedReader lines, String part) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.contains(part)) {
        return;
      }
      seen.append(line).append('\n');
    }
    throw new AssertionError("No line with " + part + " in:\n" + seen);
  }
}
