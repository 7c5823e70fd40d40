package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LoadProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;
  private boolean stopped;

  private LoadProgress progress(boolean terminal) {
    PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    return new LoadProgress(err, terminal, "model", () -> now, () -> stopped);
  }

  @Test
  void slowLoadDrawsABarAndTakesItAway() {
    try (LoadProgress progress = progress(true)) {
      progress.progress(0.1f);
      now = 300_000_000;
      assertThat(progress.progress(0.5f)).isTrue();
      progress.progress(0.501f);
    }

    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .isEqualTo("\rloading model [" + "#".repeat(15) + ".".repeat(15) + "] 50 %\r\u001b[K");
  }

  @Test
  void aLoadThatIsToStopIsToldSo() {
    try (LoadProgress progress = progress(false)) {
      assertThat(progress.progress(0.1f)).isTrue();
      stopped = true;
      assertThat(progress.progress(0.2f)).isFalse();
    }
  }

  @Test
  void fastLoadDrawsNothing() {
    try (LoadProgress progress = progress(true)) {
      progress.progress(1);
    }

    assertThat(bytes.size()).isZero();
  }

  @Test
  void withoutATerminalNothingIsDrawn() {
    try (LoadProgress progress = progress(false)) {
      now = 10_000_000_000L;
      progress.progress(1);
    }

    assertThat(bytes.size()).isZero();
  }
}
