package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.webserver.http.ErrorHandlers;
import io.panallama.generation.FinishReason;
import io.panallama.server.http.ClientConnection;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.http.Listener;
import java.io.IOException;
import java.time.Duration;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Conversations in HTTP/2 that are broken as frames and as bytes: whatever comes, the server answers by the rules of either protocol or
 * ends the connection, never with a fault of its own, and no connection, place or generation is left afterwards. {@link Fuzzing} says
 * how to run it for longer.
 */
@Tag("fuzz")
class Http2FuzzTest {
  private static final int FEW = 500;

  /** Longer than the client that asks for {@code /health} may be held up between two requests. */
  private static final Duration IDLE = Duration.ofSeconds(5);

  /** So few that places which are not given back are missing soon. */
  private static final int MAX_CONNECTIONS = 16;

  /** How long a client waits for what it does not get; one that has not finished a frame waits for the server's limits. */
  private static final Duration PATIENCE = Duration.ofMillis(50);

  private static final Duration BEYOND_LIMITS = Duration.ofMillis(1500);

  /** A client that goes on with HTTP/2 has nothing more to say: GOAWAY without an error. */
  private static final byte[] END = RawHttp2.frame(RawHttp2.GOAWAY, 0, 0, new byte[8]);

  private final Queue<ScriptedGenerator.Script> unfinished = new ConcurrentLinkedQueue<>();

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS)
  void brokenConversations() throws Exception {
    ServerConfig config =
        TestServer.config().toBuilder()
            .requestTimeout(Duration.ofMillis(300))
            .idleTimeout(IDLE)
            .writeTimeout(Duration.ofMillis(500))
            .maxBodyBytes(64 << 10)
            .maxConnections(MAX_CONNECTIONS)
            .build();
    ScriptedGenerator generator = new ScriptedGenerator().playing(this::play);
    Random random = new Random(Fuzzing.seed());
    TreeMap<String, Integer> seen = new TreeMap<>();
    int done = 0;
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        LogRecords broken = LogRecords.of(ClientConnection.class);
        LogRecords listener = LogRecords.of(Listener.class);
        LogRecords helidon = LogRecords.of(ErrorHandlers.class);
        TestServer server = TestServer.start(config, generator)) {
      try (Fuzzing health = new Fuzzing(server.server().port())) {
        for (long began = System.nanoTime(); Fuzzing.goesOn(done, FEW, began); done++) {
          byte[] conversation = Http2Conversation.mutant(random).bytes(random);
          Delivery delivery = Delivery.any(random);
          try {
            converse(server.server().port(), conversation, delivery, random, seen);
            assertThat(faults.errors()).isEmpty();
            assertThat(broken.errors()).isEmpty();
            assertThat(listener.errors()).isEmpty();
            assertThat(helidon.warnings()).as("a client must not fill the log").isEmpty();
          } catch (IOException | AssertionError fault) {
            AssertionError found =
                new AssertionError(
                    "Input "
                        + done
                        + ", sent "
                        + delivery
                        + ": "
                        + Fuzzing.keep("http2-" + done + ".bin", conversation),
                    fault);
            faults.thrown().forEach(found::addSuppressed);
            throw found;
          }
        }
        System.out.println(
            done
                + " conversations with seed "
                + Fuzzing.seed()
                + ": "
                + seen
                + ", slowest /health "
                + health.slowestHealth());
      }
      server.awaitNoConnections();
      for (ScriptedGenerator.Script script : unfinished) {
        assertThat(script.awaitCancel()).as("a generation ends with its client").isTrue();
      }
    }
    if (done >= FEW) {
      assertThat(unfinished).isNotEmpty();
      assertThat(seen)
          .containsKeys("200", "400", "404", "farewell 0", "farewell 1", "farewell 6", "farewell 9", "reset 1");
    }
  }

  /** Every third generation goes on until its client leaves. */
  private void play(ScriptedGenerator.Script script) {
    script.say("hi");
    if (script.id() % 3 == 0) {
      unfinished.add(script);
    } else {
      script.finish(FinishReason.STOP);
    }
  }

  private static void converse(
      int port, byte[] conversation, Delivery delivery, Random random, TreeMap<String, Integer> seen)
      throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      if (delivery.send(client, conversation, END, random)) {
        Http2Answers answers = Http2Answers.read(client, delivery == Delivery.UNFINISHED ? BEYOND_LIMITS : PATIENCE);
        for (int status : answers.statuses()) {
          seen.merge(Integer.toString(status), 1, Integer::sum);
          assertThat(status).isNotEqualTo(500).isNotIn(502, 503, 504).isLessThan(506);
        }
        answers.resets().forEach(error -> seen.merge("reset " + error, 1, Integer::sum));
        answers.farewells().forEach(error -> seen.merge("farewell " + error, 1, Integer::sum));
      }
    }
  }
}
