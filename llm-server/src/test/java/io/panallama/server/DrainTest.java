package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is closed while requests are running. */
@Timeout(60)
class DrainTest {
  private static TestServer server(ScriptedGenerator generator, Duration grace) {
    return TestServer.start(TestServer.config().toBuilder().shutdownGrace(grace).build(), generator);
  }

  private static CompletableFuture<Void> close(TestServer server) throws InterruptedException {
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(() -> server.server().close(), Thread::startVirtualThread);
    while (!server.get("/health").body().contains("draining")) {
      Thread.onSpinWait();
    }
    return closing;
  }

  @Test
  void runningStreamsFinishAndNewRequestsAreRefused() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = server(generator, Duration.ofSeconds(50))) {
      HttpResponse<Stream<String>> response = server.stream(CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();
      script.say("before");
      Iterator<String> lines = response.body().iterator();
      while (!lines.next().contains("before")) {}
      assertThat(server.server().runningRequests()).isOne();

      CompletableFuture<Void> closing = close(server);

      HttpResponse<String> ready = server.get("/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(TestServer.error(ready).path("code").asText()).isEqualTo("draining");
      HttpResponse<String> health = server.get("/health");
      assertThat(health.statusCode()).isEqualTo(200);
      assertThat(health.body()).isEqualTo("{\"status\":\"draining\"}");
      assertThat(health.headers().firstValue("Connection")).hasValue("close");
      HttpResponse<String> refused = server.post(CHAT, HELLO);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
      assertThat(refused.headers().firstValue("Connection")).hasValue("close");
      assertThat(TestServer.error(refused).path("code").asText()).isEqualTo("draining");

      script.say("after");
      while (!lines.next().contains("after")) {}
      assertThat(closing).isNotDone();
      script.finish(FinishReason.STOP);
      while (!lines.next().contains("[DONE]")) {}
      closing.get(20, TimeUnit.SECONDS);
      assertThat(script.isCancelled()).isFalse();
    }
  }

  @Test
  void connectionsThatKeepAskingEndWithTheirNextAnswer() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = server(generator, Duration.ofSeconds(50));
        RawHttp kept = new RawHttp(server.server().port())) {
      String get = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
      kept.send(get);
      assertThat(kept.read().closes()).isFalse();
      HttpResponse<Stream<String>> response = server.stream(CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();

      CompletableFuture<Void> closing = close(server);
      kept.send(get + get);
      assertThat(kept.readAll()).hasSize(1).allMatch(RawHttp.Answer::closes);

      script.finish(FinishReason.STOP);
      closing.get(20, TimeUnit.SECONDS);
      response.body().close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "GET /hea", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"})
  void clientsThatOweBytesDoNotHoldTheServer(String sent) throws Exception {
    try (TestServer server = server(new ScriptedGenerator(), Duration.ofSeconds(50));
        RawHttp client = new RawHttp(server.server().port())) {
      client.send(sent);
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
      CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> server.server().close());
      closing.get(10, TimeUnit.SECONDS);
    }
  }
}
