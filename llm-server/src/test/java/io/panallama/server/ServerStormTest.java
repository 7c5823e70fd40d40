package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.demo.DemoModel;
import io.panallama.error.GenerationException;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Storms: clients that ask, leave in the middle and reset, while engines are closed and replaced and the server is closed, and a new server
 * after each. Nobody waits for ever, nothing fails in another way than the contracts name, no connection is left, and the new server
 * answers as the first one did. {@link Fuzzing} says how to run it for longer.
 */
@Tag("fuzz")
class ServerStormTest {
  private static final int FEW = 6;

  /** The most requests of all clients before something is closed. */
  private static final int MOST_ACTIONS = 60;

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ServedModel DEMO = ServedModel.builder("demo", 1024).maxTokens(64).build();

  private static final String CONTROL =
      """
      {"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0, "max_tokens": 24}\
      """;

  private final AtomicInteger actions = new AtomicInteger();
  private final Map<String, Integer> outcomes = Collections.synchronizedMap(new TreeMap<>());

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void everythingIsAskedWhileItIsClosed() throws Exception {
    Random random = new Random(Fuzzing.seed());
    long began = System.nanoTime();
    int episodes = 0;
    String expected = null;
    try (Model model = Model.load(DemoModel.extract());
        LogRecords faults = LogRecords.of(ErrorBoundary.class)) {
      for (; Fuzzing.goesOn(episodes, FEW, began); episodes++) {
        long seed = random.nextLong();
        Episode episode = new Episode(model, seed);
        String control = episode.control();
        expected = expected == null ? control : expected;
        assertThat(control).as("episode %s", episodes).isEqualTo(expected);
        assertThat(episode.run()).as("episode %s with seed %s", episodes, seed).isEmpty();
      }
      System.out.println(episodes + " storms with seed " + Fuzzing.seed() + ": " + outcomes);
      assertThat(faults.thrown()).allMatch(ServerStormTest::isOfClosedEngine);
    }
    if (episodes >= FEW) {
      assertThat(outcomes).containsKeys("200", "503", "left");
    }
  }

  private static boolean isOfClosedEngine(Throwable failure) {
    return failure instanceof GenerationException ended && ended.reason() == GenerationException.Reason.ENGINE_CLOSED;
  }

  private static Engine engine(Model model, Random random) {
    EngineConfig config =
        EngineConfig.builder()
            .slots(1 + random.nextInt(4))
            .queueLimit(1 + random.nextInt(8))
            .threads(1)
            .batchThreads(1)
            .build();
    return Engine.start(model, config);
  }

  /** One server from its start to its end. */
  private final class Episode {
    private final Model model;
    private final Random random;
    private final List<Engine> engines = Collections.synchronizedList(new ArrayList<>());
    private final ChatServer server;
    private final AtomicReference<String> fault = new AtomicReference<>("");
    private volatile boolean closing;
    private volatile boolean closed;

    Episode(Model model, long seed) {
      this.model = model;
      this.random = new Random(seed);
      ServerConfig config =
          ServerConfig.builder().port(0).shutdownGrace(Duration.ofMillis(random.nextInt(300))).build();
      server = ChatServer.start(config);
      serveAnother();
    }

    private void serveAnother() {
      Engine engine = engine(model, random);
      engines.add(engine);
      server.serve(DEMO, engine);
    }

    String control() throws IOException {
      RawHttp.Answer answer = ask(TestServer.rawPost(TestServer.CHAT, CONTROL));
      assertThat(answer.status()).as(answer.body()).isEqualTo(200);
      return TestServer.json(answer.body()).at("/choices/0/message/content").asText();
    }

    /** What went wrong, or nothing. */
    String run() throws Exception {
      List<Thread> clients = new ArrayList<>();
      for (int i = 4 + random.nextInt(12); i > 0; i--) {
        Random own = new Random(random.nextLong());
        clients.add(Thread.ofVirtual().name("storm-client").start(() -> client(own)));
      }
      int before = actions.get();
      int enough = random.nextInt(MOST_ACTIONS);
      while (actions.get() - before < enough && fault.get().isEmpty()) {
        Thread.sleep(1);
      }
      List<Runnable> blows = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        blows.add(this::serveAnother);
        // Sometimes before it is replaced, sometimes after.
        blows.add(() -> engines.get(engines.size() / 2).close());
      }
      Collections.shuffle(blows, random);
      for (Runnable blow : blows) {
        Thread.sleep(random.nextInt(100));
        blow.run();
      }
      Thread.sleep(random.nextInt(200));
      closing = true;
      List<Runnable> closings = new ArrayList<>(engines.stream().<Runnable>map(engine -> engine::close).toList());
      closings.add(server::close);
      Collections.shuffle(closings, random);
      CompletableFuture.allOf(
              closings.stream()
                  .map(close -> CompletableFuture.runAsync(close, task -> Thread.ofPlatform().start(task)))
                  .toArray(CompletableFuture<?>[]::new))
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      closed = true;
      for (Thread client : clients) {
        if (!client.join(PATIENCE)) {
          return "a client still waits: " + List.of(client.getStackTrace());
        }
      }
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (server.connections() + server.runningRequests() > 0) {
        if (System.nanoTime() > deadline) {
          return server.connections() + " connections and " + server.runningRequests() + " requests are left";
        }
        Thread.sleep(1);
      }
      return fault.get();
    }

    private void client(Random own) {
      while (!closed && fault.get().isEmpty()) {
        try {
          outcomes.merge(act(own), 1, Integer::sum);
          actions.incrementAndGet();
        } catch (SocketTimeoutException stall) {
          fault.compareAndSet("", "no answer: " + stall);
        } catch (IOException broken) {
          // A server that is closing may refuse and break connections.
          if (!closing) {
            fault.compareAndSet("", "while the server was open: " + broken);
          }
          outcomes.merge(broken instanceof ConnectException ? "refused" : "broken", 1, Integer::sum);
        }
      }
    }

    /** Does something; the name of its outcome. */
    private String act(Random own) throws IOException {
      String body =
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Number %d\"}],\"max_tokens\":%d,\"stream\":%b}"
              .formatted(own.nextInt(5), 1 + own.nextInt(48), own.nextBoolean());
      String request = TestServer.rawPost(TestServer.CHAT, body);
      switch (own.nextInt(8)) {
        case 0 -> {
          RawHttp.Answer health = ask("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
          return health.status() == 200 ? "200" : faulty(health);
        }
        case 1 -> {
          try (RawHttp client = new RawHttp(server.port())) {
            client.send(request.substring(0, own.nextInt(request.length())));
          }
          return "left";
        }
        case 2, 3 -> {
          try (RawHttp client = new RawHttp(server.port())) {
            client.send(request);
            client.socket().getInputStream().readNBytes(own.nextInt(600));
            if (own.nextBoolean()) {
              client.socket().setSoLinger(true, 0);
            }
          }
          return "left";
        }
        case 4 -> {
          try (RawHttp client = new RawHttp(server.port())) {
            String pipelined = "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
            client.send(pipelined + request + pipelined);
            String outcome = "";
            for (int i = 0; i < 3; i++) {
              RawHttp.Answer answer = client.read();
              outcome = i == 1 ? outcome(answer) : outcome;
              if (answer.closes()) {
                return "closed";
              }
            }
            return outcome;
          }
        }
        default -> {
          return outcome(ask(request));
        }
      }
    }

    private RawHttp.Answer ask(String request) throws IOException {
      try (RawHttp client = new RawHttp(server.port())) {
        client.send(request.getBytes(StandardCharsets.UTF_8));
        return client.read();
      }
    }

    /** An answer to a chat: whole, or one of the refusals of a server that is busy, closing or without its engine. */
    private String outcome(RawHttp.Answer answer) {
      return switch (answer.status()) {
        case 200 -> answer.body().contains("event: error") || answer.body().contains("\"error\"") ? cut(answer) : "200";
        case 429, 503 -> Integer.toString(answer.status());
        default -> faulty(answer);
      };
    }

    private String cut(RawHttp.Answer answer) {
      return answer.body().contains("engine_closed") || answer.body().contains("draining") ? "cut" : faulty(answer);
    }

    private String faulty(RawHttp.Answer answer) {
      fault.compareAndSet("", answer.status() + " " + answer.body());
      return "fault";
    }
  }
}
