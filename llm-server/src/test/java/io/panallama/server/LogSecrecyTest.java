package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What users write, what they are answered, and their keys are in no log. */
class LogSecrecyTest {
  private static final String KEY = "sk-right-marker";
  private static final List<String> SECRETS =
      List.of("prompt-marker", "answer-marker", "query-marker", KEY, "sk-wrong-marker");

  private final Logger root = Logger.getLogger("");
  private final Logger ours = Logger.getLogger("io.panallama");
  private final Handler[] before = root.getHandlers();
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private final Handler collector =
      new Handler() {
        private final SimpleFormatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord record) {
          StringWriter stack = new StringWriter();
          if (record.getThrown() != null) {
            record.getThrown().printStackTrace(new PrintWriter(stack));
          }
          lines.add(formatter.formatMessage(record) + "\n" + stack);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void collect() {
    for (Handler handler : before) {
      root.removeHandler(handler);
    }
    collector.setLevel(Level.ALL);
    root.addHandler(collector);
    ours.setLevel(Level.FINE);
  }

  @AfterEach
  void restore() {
    ours.setLevel(null);
    root.removeHandler(collector);
    for (Handler handler : before) {
      root.addHandler(handler);
    }
  }

  private static void post(TestServer server, String path, String key, String body) {
    server.send(
        server
            .request(path)
            .header("Authorization", "Bearer " + key)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  @Test
  void promptsAnswersAndKeysAreInNoLog() throws Exception {
    String chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"prompt-marker\"}]%s}";
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("answer-marker");
              script.finish(FinishReason.STOP);
            });
    ServerConfig config = TestServer.config().toBuilder().apiKeys(Set.of(KEY)).build();
    try (TestServer server = TestServer.start(config, generator)) {
      post(server, CHAT, KEY, chat.formatted(""));
      post(server, CHAT, KEY, chat.formatted(", \"stream\": true"));
      post(server, CHAT, KEY, chat.formatted(", \"unknown\": \"prompt-marker\""));
      post(server, CHAT, KEY, chat.formatted(", \"temperature\": \"prompt-marker\""));
      post(server, CHAT, KEY, chat.formatted(", prompt-marker"));
      post(server, CHAT, "sk-wrong-marker", chat.formatted(""));
      post(server, "/v1/completions?key=query-marker", KEY, "{\"prompt\": \"prompt-marker\"}");
      post(server, "/v1/messages", KEY, chat.formatted(", \"max_tokens\": 5"));
      post(server, "/tokenize", KEY, "{\"content\": \"prompt-marker\"}");
      generator.refuse(new IllegalStateException("a fault"));
      post(server, CHAT, KEY, chat.formatted(""));
      generator.refuse(
          new GenerationException(GenerationException.Reason.DECODE_FAILED, "The engine has failed.", null));
      post(server, CHAT, KEY, chat.formatted(""));
      assertThat(lines).as("faults are logged").anyMatch(line -> line.contains("a fault"));
    }
    for (String secret : SECRETS) {
      assertThat(lines).as(secret).noneMatch(line -> line.contains(secret));
    }
  }
}
