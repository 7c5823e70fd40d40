package io.panallama.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.demo.DemoModel;
import io.panallama.generation.GenerationEvent;
import org.junit.jupiter.api.Test;

class LatencyBenchmarkTest {
  private final LatencyBenchmark benchmark = new LatencyBenchmark();

  private static LatencyBenchmark.Running running(String model, int streams, int promptTokens) {
    LatencyBenchmark.Running running = new LatencyBenchmark.Running();
    running.model = model;
    running.threads = 1;
    running.streams = streams;
    running.promptTokens = promptTokens;
    return running;
  }

  @Test
  void oneStreamOfAFileIsMeasuredWhileAnotherRuns() throws InterruptedException {
    LatencyBenchmark.Running running = running(DemoModel.extract().toString(), 2, 40);
    running.start();
    try {
      LatencyBenchmark.First first = new LatencyBenchmark.First();
      assertThat(benchmark.firstToken(running, first)).isNotInstanceOf(GenerationEvent.Finished.class);
      first.finish();
      LatencyBenchmark.Next next = new LatencyBenchmark.Next();
      for (int i = 0; i < 3; i++) {
        next.prepare(running);
        assertThat(benchmark.nextToken(next)).isNotInstanceOf(GenerationEvent.Finished.class);
      }
      assertThat(running.engine().stats().promptTokens())
          .as("two measured prompts and another")
          .isGreaterThanOrEqualTo(120);
    } finally {
      running.stop();
    }
  }

  @Test
  void aPromptThatFillsTheContextIsRefused() {
    assertThatThrownBy(() -> running(Models.DEMO, 1, 100_000).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("promptTokens is 100000; the context of this model is ");
  }

  @Test
  void aModelThatIsNoFileIsRefused() {
    assertThatThrownBy(() -> running("no-such.gguf", 1, 64).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("The model is \"no-such.gguf\"; it must be demo, generated or a GGUF file that can be read.");
  }

  @Test
  void numbersBelowOneAreRefused() {
    assertThatThrownBy(() -> running(Models.DEMO, 0, 64).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("streams is 0 and promptTokens 64; both must be 1 or more.");
  }
}
