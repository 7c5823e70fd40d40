package io.panallama.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.PromptProgress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class EngineGenerationTest {
  private static final ReaderListener NO_ENGINE =
      new ReaderListener() {
        @Override
        public void caughtUp() {}

        @Override
        public void cancelled(EngineGeneration generation) {}
      };

  private final EngineGeneration generation = new EngineGeneration(1, 100, new Mailbox(4, 16, 0), false, NO_ENGINE);

  @Test
  void nothingIsKnownOfAPromptThatHasNotBegun() {
    assertThat(generation.promptProgress()).isEmpty();
  }

  @Test
  void aLateReaderGetsTheBeginningOfThePromptAndItsLatestState() {
    for (int processed = 0; processed <= 100; processed += 10) {
      generation.promptProgress(state(processed));
    }
    assertThat(generation.promptProgress()).contains(state(0));
    assertThat(generation.promptProgress()).contains(state(100));
    assertThat(generation.promptProgress()).isEmpty();
  }

  @Test
  void aReaderThatKeepsUpGetsEveryStateOnce() {
    for (int processed = 0; processed <= 100; processed += 50) {
      generation.promptProgress(state(processed));
      assertThat(generation.promptProgress()).contains(state(processed));
      assertThat(generation.promptProgress()).isEmpty();
    }
  }

  private static PromptProgress state(int processed) {
    return new PromptProgress(100, 0, processed, Duration.ofMillis(processed));
  }
}
