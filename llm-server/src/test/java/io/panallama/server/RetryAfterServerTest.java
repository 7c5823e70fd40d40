package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.config.EngineConfig;
import io.panallama.demo.DemoModel;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More clients than the engine has places for, which do as {@code Retry-After} says. */
@Timeout(120)
class RetryAfterServerTest {
  private static final int CLIENTS = 14;
  private static final int REQUESTS = 3;

  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicInteger returned = new AtomicInteger();
  private final AtomicInteger admitted = new AtomicInteger();

  private static String body(int number) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"Tell me story number "
        + number
        + ".\"}], \"ignore_eos\": true, \"max_tokens\": 100}";
  }

  /** Sends a request until it is answered. */
  private void send(ChatServer server, int number) {
    HttpRequest request =
        HttpRequest.newBuilder(server.uri().resolve(CHAT))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body(number)))
            .build();
    try {
      boolean again = false;
      while (true) {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (again) {
          returned.incrementAndGet();
          admitted.addAndGet(response.statusCode() == 200 ? 1 : 0);
        }
        if (response.statusCode() == 200) {
          return;
        }
        assertThat(response.statusCode()).as(response.body()).isEqualTo(429);
        Thread.sleep(Duration.ofSeconds(response.headers().firstValueAsLong("Retry-After").orElseThrow()));
        again = true;
      }
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  @Test
  void whoeverComesBackThenGetsIn() {
    EngineConfig config = EngineConfig.builder().slots(1).queueLimit(3).threads(1).batchThreads(1).build();
    try (Engine engine = Engine.start(DemoModel.extract(), config);
        ChatServer server =
            ChatServer.start(
                ServerConfig.builder().port(0).build(), ServedModel.of("demo", engine.sequenceContextSize()), engine)) {
      List<CompletableFuture<Void>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        int first = i * REQUESTS;
        clients.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int number = first; number < first + REQUESTS; number++) {
                    send(server, number);
                  }
                },
                Thread::startVirtualThread));
      }
      CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new)).join();
    }
    assertThat(returned.get()).as("more come than there is room for").isGreaterThanOrEqualTo(10);
    assertThat((double) admitted.get() / returned.get()).as(admitted + " of " + returned).isGreaterThanOrEqualTo(0.9);
  }
}
