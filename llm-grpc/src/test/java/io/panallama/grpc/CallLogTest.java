package io.panallama.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.GenerationException;
import io.panallama.server.ChatServer;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.ServerConfig;
import io.panallama.server.registry.ServedModel;
import java.time.Duration;
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
import org.junit.jupiter.api.Timeout;

/** What callers write, what they are answered, and their keys are in no log; faults are. */
@Timeout(60)
class CallLogTest {
  private final Logger root = Logger.getLogger("");
  private final Logger ours = Logger.getLogger("io.panallama");
  private final Handler[] before = root.getHandlers();
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private final Handler collector =
      new Handler() {
        private final SimpleFormatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord record) {
          lines.add(formatter.format(record));
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

  @Test
  void promptsAnswersAndKeysAreInNoLog() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("answer-marker");
    ServerConfig config =
        ServerConfig.builder().port(0).shutdownGrace(Duration.ZERO).apiKeys(Set.of("sk-right-marker")).build();
    try (ChatServer server = ChatServer.start(config, ServedModel.of("m", 128), generator);
        Calls calls = Calls.to(server.open(new GrpcFrontEnd(), 0))) {
      Calls.all(calls.with("authorization", "Bearer sk-right-marker"), Calls.chat("prompt-marker"));
      Calls.failure(calls.with("authorization", "Bearer sk-wrong-marker"), Calls.chat("prompt-marker"));
      generator.refuse(new IllegalStateException("a fault"));
      Calls.failure(calls.with("authorization", "Bearer sk-right-marker"), Calls.chat("prompt-marker"));
      generator.refuse(
          new GenerationException(GenerationException.Reason.DECODE_FAILED, "The engine has failed.", null));
      Calls.failure(calls.with("authorization", "Bearer sk-right-marker"), Calls.chat("prompt-marker"));
    }
    assertThat(lines).anyMatch(line -> line.contains("a fault")).noneMatch(line -> line.contains("-marker"));
  }
}
