package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording says of requests. */
@Timeout(120)
class RequestFlightTest {
  @TempDir private Path folder;
  private final Recording recording = new Recording();

  @BeforeEach
  void start() {
    recording.enable("panallama.Request").withoutThreshold();
    recording.start();
  }

  @AfterEach
  void end() {
    recording.close();
  }

  /** The events once there are this many: one is written after its client has the answer. */
  private List<RecordedEvent> events(int count) throws IOException, InterruptedException {
    while (true) {
      Path file = folder.resolve("requests.jfr");
      recording.dump(file);
      List<RecordedEvent> events =
          RecordingFile.readAllEvents(file).stream()
              .filter(event -> event.getEventType().getName().equals("panallama.Request"))
              .sorted(Comparator.comparing(RecordedEvent::getStartTime))
              .toList();
      if (events.size() >= count) {
        assertThat(events).hasSize(count);
        return events;
      }
      Thread.sleep(10);
    }
  }

  @Test
  void requestsThatAreAnswered() throws Exception {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("a"))) {
      HttpRequest named =
          server
              .request(CHAT)
              .header("Content-Type", "application/json")
              .header("X-Request-Id", "mine-1")
              .POST(HttpRequest.BodyPublishers.ofString(HELLO))
              .build();
      assertThat(server.send(named).statusCode()).isEqualTo(200);
      assertThat(server.post(CHAT, HELLO_STREAM).statusCode()).isEqualTo(200);
      assertThat(server.get("/nowhere/at/all").statusCode()).isEqualTo(404);

      List<RecordedEvent> events = events(3);
      for (RecordedEvent chat : events.subList(0, 2)) {
        assertThat(chat.getString("route")).isEqualTo(CHAT);
        assertThat(chat.getString("method")).isEqualTo("POST");
        assertThat(chat.getInt("status")).isEqualTo(200);
        assertThat(chat.getString("model")).isEqualTo("test/model");
        assertThat(chat.getLong("promptTokens")).isEqualTo(12);
        assertThat(chat.getLong("cachedTokens")).isEqualTo(4);
        assertThat(chat.getLong("generatedTokens")).isEqualTo(5);
        assertThat(chat.getLong("queued")).isEqualTo(1_000_000);
        assertThat(chat.getLong("timeToFirstToken")).isEqualTo(21_000_000);
        assertThat(chat.getDuration()).isPositive();
      }
      assertThat(events.getFirst().getString("requestId")).isEqualTo("mine-1");
      RecordedEvent unknown = events.getLast();
      assertThat(unknown.getInt("status")).isEqualTo(404);
      assertThat(unknown.getString("route")).isEmpty();
      assertThat(unknown.getString("model")).isEmpty();
      assertThat(unknown.getLong("promptTokens")).isZero();
    }
  }

  @Test
  void aRequestThatItsClientLeaves() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      try (Socket client = server.socket(TestServer.rawPost(CHAT, HELLO_STREAM))) {
        generator.next().say("a");
        assertThat(client.getInputStream().read()).isPositive();
      }
      RecordedEvent left = events(1).getFirst();
      assertThat(left.getInt("status")).isZero();
      assertThat(left.getString("route")).isEqualTo(CHAT);
    }
  }
}
