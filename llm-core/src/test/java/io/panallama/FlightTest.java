package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Completion;
import io.panallama.observe.MemoryUse;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.LogitProcessing;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording says of an engine. */
@Timeout(120)
class FlightTest {
  private static final int TOKENS = 20;

  @TempDir Path folder;

  @Test
  @SuppressWarnings("try") // closed in time for the recording
  void aRecordingHasTheStepsTheChunksTheSamplesAndTheWayToTheReader() throws IOException {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER).withContextLength(256);
    Path file = folder.resolve("flight.jfr");
    Completion answer;
    try (Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
        Engine engine = Engine.start(model, TestEngines.config());
        Recording recording = new Recording()) {
      List.of("Step", "Prefill", "Sample", "Emit")
          .forEach(name -> recording.enable("panallama." + name).withoutThreshold());
      recording.start();
      answer =
          engine
              .generate(
                  CompletionRequest.of("a prompt of some length")
                      .with(GenerationOptions.builder().maxTokens(TOKENS).build()))
              .await();
      // The last step ends after its reader has the token.
      engine.close();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(sum(events, "panallama.Prefill", "tokens")).isEqualTo(answer.usage().promptTokens());
    assertThat(sum(events, "panallama.Step", "promptTokens")).isEqualTo(answer.usage().promptTokens());
    assertThat(sum(events, "panallama.Step", "generating")).isEqualTo(TOKENS - 1L);
    assertThat(sum(events, "panallama.Sample", "samples")).isEqualTo(TOKENS);
    List<RecordedEvent> steps = of(events, "panallama.Step");
    assertThat(steps)
        .allSatisfy(step -> {
          long parts = step.getLong("decode") + step.getLong("prefill") + step.getLong("sample");
          assertThat(step.getDuration().toNanos()).isGreaterThanOrEqualTo(parts);
          assertThat(step.getLong("decode") > 0).isEqualTo(step.getInt("generating") > 0);
          assertThat(step.getLong("prefill") > 0).isEqualTo(step.getInt("prompts") > 0);
        });
    assertThat(of(events, "panallama.Emit"))
        .isNotEmpty()
        .allSatisfy(emit -> {
          assertThat(emit.getLong("latency")).isPositive();
          assertThat(emit.getLong("waiting")).isBetween(1L, (long) TOKENS);
        });
  }

  /** Making the classes of events took the start of an engine a tenth of a second. */
  @Test
  void eventsAreMadeOnceThereIsAFlightRecorder() throws IOException, InterruptedException {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Unrecorded.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).isZero();
    assertThat(said.lines())
        .containsExactly(
            "before: []",
            "after: [panallama.Emit, panallama.NativeMemory, panallama.Prefill, panallama.Queue, panallama.Sample,"
                + " panallama.Step]");
  }

  /** A program that generates before it has a flight recorder, and after. */
  static final class Unrecorded {
    private Unrecorded() {}

    public static void main(String[] arguments) {
      try (Model model = Model.load(Path.of(arguments[0]));
          Engine engine = Engine.start(model, TestEngines.config())) {
        CompletionRequest request =
            CompletionRequest.of("a prompt").with(GenerationOptions.builder().maxTokens(TOKENS).build());
        engine.generate(request).await();
        System.out.println("before: " + events());
        engine.generate(request).await();
        System.out.println("after: " + events());
      }
    }

    private static List<String> events() {
      return FlightRecorder.getFlightRecorder().getEventTypes().stream()
          .map(EventType::getName)
          .filter(name -> name.startsWith("panallama."))
          .sorted()
          .toList();
    }
  }

  @Test
  void aRecordingHasTheWaitForASlotTheChoicesOfAProcessorAndTheMemory() throws IOException {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER).withContextLength(256);
    Path file = folder.resolve("flight.jfr");
    AtomicInteger chosen = new AtomicInteger();
    GenerationOptions processed =
        GenerationOptions.builder()
            .maxTokens(TOKENS)
            .processing(LogitProcessing.of(() -> _ -> chosen.incrementAndGet()))
            .build();
    List<MemoryUse> memory;
    try (Recording recording = new Recording()) {
      List.of("Queue", "Choice", "NativeAllocation")
          .forEach(name -> recording.enable("panallama." + name).withoutThreshold());
      recording.start();
      try (Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
          Engine engine = Engine.start(model, TestEngines.config())) {
        engine.generate(CompletionRequest.of("a prompt").with(processed)).await();
        memory = engine.stats().detail().memory();
      }
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(of(events, "panallama.Queue"))
        .singleElement()
        .satisfies(queue -> {
          assertThat(queue.getLong("waited")).isPositive();
          assertThat(queue.getInt("promptTokens")).isPositive();
          assertThat(queue.getInt("cachedTokens")).isZero();
        });
    assertThat(of(events, "panallama.Choice"))
        .hasSize(chosen.get())
        .allSatisfy(choice -> assertThat(choice.getString("by")).isEqualTo("processor"));
    assertThat(chosen.get()).isGreaterThanOrEqualTo(TOKENS);
    long held = memory.stream().mapToLong(use -> use.model() + use.context() + use.compute()).sum();
    assertThat(held).isPositive();
    List<RecordedEvent> allocations = of(events, "panallama.NativeAllocation");
    assertThat(allocations.stream().mapToLong(event -> event.getLong("bytes")).filter(bytes -> bytes > 0).sum())
        .isEqualTo(held);
    assertThat(allocations.stream().mapToLong(event -> event.getLong("bytes")).sum()).isZero();
  }

  @Test
  void aRecordingHasWhatTheCacheGivesUpAndTakesBack() throws IOException {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER).withContextLength(256);
    Path file = folder.resolve("flight.jfr");
    // Half of the cache may be retained: the second text evicts the first, which comes back with the third request.
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(1)
            .kvLayout(KvLayout.UNIFIED)
            .contextSize(256)
            .spill(SpillConfig.toMemory(64L << 20))
            .build();
    GenerationOptions few = GenerationOptions.builder().maxTokens(4).build();
    try (Recording recording = new Recording();
        Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
        Engine engine = Engine.start(model, config)) {
      List.of("Evict", "Spill", "Restore").forEach(name -> recording.enable("panallama." + name).withoutThreshold());
      recording.start();
      for (String word : List.of("alpha ", "beta ", "gamma ", "alpha ")) {
        engine.generate(CompletionRequest.of(word.repeat(12)).with(few)).await();
      }
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);
    assertThat(of(events, "panallama.Evict"))
        .isNotEmpty()
        .allSatisfy(evict -> {
          assertThat(evict.getString("cause")).isEqualTo("room");
          assertThat(evict.getInt("tokens")).isPositive();
        });
    for (String name : List.of("panallama.Spill", "panallama.Restore")) {
      assertThat(of(events, name))
          .as(name)
          .isNotEmpty()
          .allSatisfy(copy -> {
            assertThat(copy.getString("tier")).isEqualTo("memory");
            assertThat(copy.getInt("tokens")).isGreaterThanOrEqualTo(32);
            assertThat(copy.getLong("bytes")).isPositive();
          });
    }
  }

  private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
    return events.stream().filter(event -> event.getEventType().getName().equals(name)).toList();
  }

  private static long sum(List<RecordedEvent> events, String name, String field) {
    return of(events, name).stream().mapToLong(event -> event.getLong(field)).sum();
  }
}
