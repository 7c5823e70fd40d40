package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.RopeScaling;
import io.panallama.demo.DemoModel;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The recipe names the causes of spikes that were made on purpose, from recordings of a real engine. */
@Timeout(240)
class FlightRecipeTest {
  /** Longer than anything else takes on a machine that is busy with other things. */
  private static final Duration LATE = Duration.ofSeconds(3);

  private static final int STREAMS = 3;

  @TempDir private Path folder;

  /** Greedy options under which the model never ends by itself. */
  private static GenerationOptions endless(Model model) {
    Map<Integer, Float> never = new HashMap<>();
    for (int token = 0; token < model.vocabulary().size(); token++) {
      if (model.vocabulary().isEndOfGeneration(token)) {
        never.put(token, Float.NEGATIVE_INFINITY);
      }
    }
    return GenerationOptions.builder().sampling(Sampling.builder().temperature(0).logitBias(never).build()).build();
  }

  private FlightLog stop(Recording recording) throws IOException {
    Path file = folder.resolve("seeded.jfr");
    recording.stop();
    recording.dump(file);
    return FlightReader.read(file);
  }

  private static Recording recording() {
    Recording recording = new Recording();
    for (String name : List.of("Step", "Prefill", "Sample", "Choice", "Emit", "Queue", "Evict", "Spill", "Restore")) {
      recording.enable("panallama." + name).withoutThreshold();
    }
    for (String name : List.of("jdk.GCPhasePause", "jdk.JVMInformation")) {
      recording.enable(name);
    }
    recording.enable("jdk.CPULoad").withPeriod(Duration.ofMillis(500));
    return recording;
  }

  /** Reads tokens until it is told to end. */
  private static final class Stream {
    private final Generation generation;
    private final CountDownLatch runs = new CountDownLatch(20);
    private final Thread thread;

    Stream(Engine engine, GenerationOptions options, int number) {
      generation = engine.generate(CompletionRequest.of("Stream number " + number).with(options));
      thread = Thread.ofVirtual().start(this::read);
    }

    private void read() {
      for (GenerationEvent _ : generation) {
        runs.countDown();
      }
    }

    void awaitRunning() throws InterruptedException {
      runs.await();
    }

    void end() throws InterruptedException {
      generation.cancel();
      thread.join();
    }
  }

  @Test
  void anEnormousPromptBesideStreams() throws Exception {
    EngineConfig config =
        EngineConfig.builder()
            .threads(1)
            .batchThreads(1)
            .slots(STREAMS + 1)
            .contextSize(24_576)
            .batchSize(8192)
            .itlTarget(Duration.ZERO)
            .ttftTarget(Duration.ZERO)
            .reusePrefixes(false)
            // The model was trained for 1,024 tokens; what it says of so many does not matter.
            .rope(RopeScaling.builder().type(RopeScaling.Type.LINEAR).frequencyScale(1 / 32f).build())
            .build();
    FlightLog log;
    int promptTokens;
    try (Model model = Model.load(DemoModel.extract());
        Engine engine = Engine.start(model, config);
        Recording recording = recording()) {
      List<Stream> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(new Stream(engine, endless(model), i));
      }
      for (Stream stream : streams) {
        stream.awaitRunning();
      }
      recording.start();
      CompletionRequest enormous =
          CompletionRequest.of("river ".repeat(6000)).with(GenerationOptions.builder().maxTokens(1).build());
      promptTokens = engine.generate(enormous).await().usage().promptTokens();
      for (Stream stream : streams) {
        stream.end();
      }
      log = stop(recording);
    }
    assertThat(promptTokens).isGreaterThan(5000);

    Spike worst = SpikeFinder.find(log).getFirst();
    assertThat(worst.cause()).as(Explanation.lines(log, 5).toString()).isEqualTo(Cause.PROMPT);
    assertThat(worst.kind()).isEqualTo(Spike.Kind.NEXT_TOKEN);
    assertThat(worst.detail()).contains("tokens of 1 prompt beside " + STREAMS + " generations");
    assertThat(worst.pid()).isEqualTo(ProcessHandle.current().pid());
  }

  @Test
  void aSlowLogitProcessor() throws Exception {
    FlightLog log;
    try (Model model = Model.load(DemoModel.extract());
        Engine engine = Engine.start(model, EngineConfig.builder().threads(1).batchThreads(1).build());
        Recording recording = recording()) {
      recording.start();
      AtomicInteger tokens = new AtomicInteger();
      LogitProcessing slow =
          LogitProcessing.builder(() ->
                  _ -> {
                    if (tokens.incrementAndGet() == 10) {
                      waitFor(LATE);
                    }
                  })
              .timeLimit(Duration.ofSeconds(60))
              .build();
      GenerationOptions options = endless(model).toBuilder().maxTokens(30).processing(slow).build();
      engine.generate(CompletionRequest.of("Once").with(options)).await();
      log = stop(recording);
    }
    Spike worst = SpikeFinder.find(log).getFirst();
    assertThat(worst.cause()).as(Explanation.lines(log, 5).toString()).isEqualTo(Cause.LOGIT_PROCESSOR);
    assertThat(worst.kind()).isEqualTo(Spike.Kind.NEXT_TOKEN);
    assertThat(worst.nanos()).isGreaterThanOrEqualTo(LATE.toNanos());
  }

  @Test
  void aReaderThatIsLate() throws Exception {
    FlightLog log;
    try (Model model = Model.load(DemoModel.extract());
        Engine engine = Engine.start(model, EngineConfig.builder().threads(1).batchThreads(1).build());
        Recording recording = recording()) {
      recording.start();
      GenerationOptions options = endless(model).toBuilder().maxTokens(200).build();
      Generation generation = engine.generate(CompletionRequest.of("Once").with(options));
      for (int i = 0; i < 5; i++) {
        generation.poll(Duration.ofSeconds(30));
      }
      waitFor(LATE);
      boolean over = false;
      while (!over) {
        Optional<GenerationEvent> event = generation.poll(Duration.ofSeconds(30));
        over = event.filter(GenerationEvent.Finished.class::isInstance).isPresent();
      }
      log = stop(recording);
    }
    Spike worst = SpikeFinder.find(log).getFirst();
    assertThat(worst.cause()).as(Explanation.lines(log, 5).toString()).isEqualTo(Cause.READER);
    assertThat(worst.kind()).isEqualTo(Spike.Kind.READER);
  }

  /** The seed itself: a part of a program that takes too long. */
  private static void waitFor(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }
}
