package io.panallama.internal.llama;

import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_CONT;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_DEBUG;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_ERROR;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_INFO;
import static io.panallama.bindings.generated.LlamaCpp.GGML_LOG_LEVEL_WARN;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which of llama.cpp's lines a user sees, and at which level. */
class LogRouterTest {
  private static final Logger LOGGER = Logger.getLogger("io.panallama.llama.cpp");

  private final List<String> records = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          records.add(record.getLevel() + " " + record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    Natives.load();
    handler.setLevel(Level.ALL);
    LOGGER.setLevel(Level.ALL);
    LOGGER.setUseParentHandlers(false);
    LOGGER.addHandler(handler);
  }

  @AfterEach
  void stop() {
    LOGGER.removeHandler(handler);
    LOGGER.setUseParentHandlers(true);
    LOGGER.setLevel(null);
  }

  private static void say(int level, String text) {
    try (Arena arena = Arena.ofConfined()) {
      LogRouter.receive(arena.allocateFrom(text), level);
    }
  }

  /** System.Logger's DEBUG is FINE here, its TRACE is FINER. */
  @Test
  void everyLineIsOneLevelBelowLlamaCpps() {
    say(GGML_LOG_LEVEL_ERROR(), "broken\n");
    say(GGML_LOG_LEVEL_WARN(), "odd\n");
    say(GGML_LOG_LEVEL_INFO(), "one ");
    say(GGML_LOG_LEVEL_CONT(), "line\n");
    say(GGML_LOG_LEVEL_DEBUG(), "detail\n");
    assertThat(records).containsExactly("WARNING broken", "INFO odd", "FINE one line", "FINER detail");
  }

  /** Log handlers look classes up by it, and some of them never work again when they find none. */
  @Test
  void aLineOfANativeThreadIsLoggedWithAClassLoader() throws InterruptedException {
    List<ClassLoader> loaders = new ArrayList<>();
    LOGGER.setFilter(_ -> loaders.add(Thread.currentThread().getContextClassLoader()));
    Thread like =
        new Thread(() -> {
          Thread.currentThread().setContextClassLoader(null);
          say(GGML_LOG_LEVEL_ERROR(), "broken\n");
          assertThat(Thread.currentThread().getContextClassLoader()).isNull();
          say(GGML_LOG_LEVEL_ERROR(), "again\n");
        });
    like.start();
    like.join();
    LOGGER.setFilter(null);
    assertThat(loaders).hasSize(2).containsOnly(LogRouter.class.getClassLoader());
    assertThat(records).containsExactly("WARNING broken", "WARNING again");
  }

  /** An engine limits every sequence to the trained context, whatever size the cache for all of them has. */
  @Test
  void aWarningThatDoesNotApplyIsInformation() {
    say(
        GGML_LOG_LEVEL_WARN(),
        "llama_context: n_ctx_seq (8192) > n_ctx_train (1024) -- possible training context overflow\n");
    assertThat(records).singleElement().asString().startsWith("FINE llama_context: n_ctx_seq");
  }

  @Test
  void anErrorThatAnExceptionCarriesIsNotToldTwice() {
    try (LogRouter.Capture log = LogRouter.capture()) {
      say(GGML_LOG_LEVEL_ERROR(), "broken\n");
      say(GGML_LOG_LEVEL_ERROR(), "here\n");
      assertThat(log.takeErrors("nothing")).isEqualTo("broken; here");
      assertThat(log.takeErrors("nothing")).isEqualTo("nothing");
    }
    assertThat(records).containsExactly("FINE broken", "FINE here");
  }

  @Test
  void aFailureThatWasDealtWithIsNoTrouble() {
    try (LogRouter.Capture log = LogRouter.capture()) {
      say(GGML_LOG_LEVEL_ERROR(), "aborted\n");
      say(GGML_LOG_LEVEL_WARN(), "no room\n");
      log.dismiss();
    }
    assertThat(records).containsExactly("FINE aborted", "FINE no room");
  }

  @Test
  void anErrorThatNobodyTookIsSeen() {
    try (LogRouter.Capture outer = LogRouter.capture()) {
      try (LogRouter.Capture _ = LogRouter.capture()) {
        say(GGML_LOG_LEVEL_ERROR(), "broken\n");
        say(GGML_LOG_LEVEL_WARN(), "odd\n");
      }
      assertThat(outer.takeErrors("nothing")).isEqualTo("nothing");
      say(GGML_LOG_LEVEL_ERROR(), "later\n");
      assertThat(outer.takeErrors("nothing")).isEqualTo("later");
    }
    assertThat(records).containsExactly("FINE broken", "FINE odd", "WARNING broken", "INFO odd", "FINE later");
  }

  /** A load logs a line for every entry of the metadata and more, and the error that ends it comes last. */
  @Test
  void theErrorBehindAThousandLinesIsKept() {
    try (LogRouter.Capture log = LogRouter.capture()) {
      for (int i = 0; i < 1000; i++) {
        say(GGML_LOG_LEVEL_INFO(), "line " + i + "\n");
      }
      say(GGML_LOG_LEVEL_ERROR(), "the reason\n");
      assertThat(log.lines()).hasSize(200);
      assertThat(log.takeErrors("nothing")).isEqualTo("the reason");
    }
  }
}
