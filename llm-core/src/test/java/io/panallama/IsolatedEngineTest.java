package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.StreamFlush;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An engine in another process, on the demo model; some tests kill the process. */
@Timeout(180)
class IsolatedEngineTest {
  private static final String FATAL = "the text that kills";

  private static final GenerationOptions GREEDY = GenerationOptions.builder().sampling(Sampling.greedy()).build();

  @TempDir private static Path reports;

  private static Model model;
  private static Engine local;
  private static IsolatedEngine engine;

  @BeforeAll
  static void start() {
    System.setProperty("panallama.worker.fatalText", FATAL);
    model = Model.load(TestFiles.demoModel());
    local = Engine.start(model, config());
    engine = start(IsolationConfig.builder().reports(reports).build());
  }

  private static EngineConfig config() {
    return TestEngines.config().toBuilder().slots(8).queueLimit(64).build();
  }

  private static IsolatedEngine start(IsolationConfig isolation) {
    return IsolatedEngine.start(TestFiles.demoModel(), ModelConfig.defaults(), config(), isolation);
  }

  @AfterAll
  static void close() {
    engine.close();
    local.close();
    model.close();
    System.clearProperty("panallama.worker.fatalText");
  }

  private static CompletionRequest story(int number, int tokens) {
    return CompletionRequest.of("Once upon a time, number " + number)
        .with(
            GREEDY.toBuilder()
                .sampling(Sampling.builder().temperature(0).ignoreEnd(true).build())
                .maxTokens(tokens)
                .build());
  }

  @Test
  void answersLikeAnEngineInThisProcess() {
    ChatRequest request = ChatRequest.of("What is the capital of France?").with(GREEDY);
    Completion here = local.generate(request).await();
    Completion there = engine.generate(request).await();
    assertThat(there.text()).isEqualTo(here.text());
    assertThat(there.usage().completionTokens()).isEqualTo(here.usage().completionTokens());
    assertThat(there.reason()).isEqualTo(here.reason());
    assertThat(there.timings().resumed()).isZero();
    assertThat(engine.render(request)).isEqualTo(local.render(request));
    assertThat(engine.countTokens(request)).isEqualTo(local.countTokens(request));
    assertThat(engine.countTokens("a few words")).isEqualTo(local.countTokens("a few words"));
    assertThat(engine.tokenBytes(300)).isEqualTo(local.tokenBytes(300));
    assertThat(engine.config().slots()).isEqualTo(8);
    assertThat(engine.model().parameterCount()).isEqualTo(model.parameterCount());
    assertThat(engine.recommendedSampling()).isEqualTo(model.recommendedSampling());
    assertThat(engine.state()).isEqualTo(EngineState.RUNNING);
  }

  @Test
  void logProbabilitiesAndPiecesAreTheSame() {
    CompletionRequest request = story(0, 20);
    GenerationOptions options = request.options().toBuilder().topLogprobs(3).flush(StreamFlush.WORD).build();
    Completion here = local.generate(request.with(options)).await();
    Completion there = engine.generate(request.with(options)).await();
    assertThat(there.logprobs()).isEqualTo(here.logprobs());
    assertThat(there.text()).isEqualTo(here.text());
  }

  @Test
  void severalAnswersToOneRequest() {
    GenerationOptions seeded =
        GenerationOptions.builder().sampling(Sampling.builder().seed(7).build()).maxTokens(12).build();
    ChatRequest request = ChatRequest.of("Tell me something.").with(seeded);
    List<String> here = local.generateAll(request, 3).await().stream().map(Completion::text).toList();
    List<String> there = engine.generateAll(request, 3).await().stream().map(Completion::text).toList();
    assertThat(there).isEqualTo(here);
  }

  @Test
  void refusesWhatAnEngineInThisProcessRefuses() {
    String endless = "word ".repeat(20_000);
    assertThatThrownBy(() -> engine.generate(CompletionRequest.of(endless)))
        .isInstanceOf(PromptTooLongException.class)
        .hasMessageContaining("tokens");
    assertThatThrownBy(() -> engine.generate(CompletionRequest.of(1_000_000)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("vocabulary");
  }

  @Test
  void refusesCodeOfThisProcess() {
    GenerationOptions options = GREEDY.toBuilder().processing(LogitProcessing.of(() -> _ -> {})).build();
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hi").with(options)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("processing");
  }

  @Test
  void aFileThatCannotBeLoadedIsRefusedAsUsual() {
    Path missing = reports.resolve("missing.gguf");
    assertThatThrownBy(() -> IsolatedEngine.start(missing))
        .isInstanceOf(ModelLoadException.class)
        .extracting(e -> ((ModelLoadException) e).reason())
        .isEqualTo(ModelLoadException.Reason.NOT_FOUND);
  }

  @Test
  void aCancelledGenerationEnds() throws InterruptedException {
    try (Generation generation = engine.generate(story(1, 4000))) {
      assertThat(generation.poll(Duration.ofSeconds(60))).isPresent();
      generation.cancel();
      GenerationEvent last = null;
      for (GenerationEvent event : generation) {
        last = event;
      }
      assertThat(last).isInstanceOf(GenerationEvent.Finished.class);
    }
  }

  @Test
  void aClosedEngineRefuses() {
    IsolatedEngine other = start(IsolationConfig.defaults());
    Generation running = other.generate(story(2, 4000));
    long pid = other.pid();
    other.close();
    assertThatThrownBy(running::await)
        .isInstanceOf(GenerationException.class)
        .extracting(e -> ((GenerationException) e).reason())
        .isEqualTo(GenerationException.Reason.ENGINE_CLOSED);
    assertThatThrownBy(() -> other.generate(story(2, 1))).isInstanceOf(EngineClosedException.class);
    assertThat(other.state()).isEqualTo(EngineState.CLOSED);
    assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
  }

  @Test
  void whatKillsTwiceIsFoundAndRemembered() throws IOException {
    List<CompletableFuture<Completion>> others = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      others.add(engine.generate(story(i, 300)).toFuture());
    }
    ChatRequest fatal = ChatRequest.of("This is " + FATAL + ".");
    Throwable killed = catchThrowable(() -> engine.generate(fatal));
    assertThat(killed)
        .isInstanceOfSatisfying(
            GenerationException.class,
            refused -> assertThat(refused.reason()).isEqualTo(GenerationException.Reason.ENGINE_KILLED));
    Matcher report = Pattern.compile("Report: (.*\\.txt)").matcher(killed.getMessage());
    assertThat(report.find()).as(killed.getMessage()).isTrue();
    assertThat(Files.readString(Path.of(report.group(1)))).contains("Its last words").doesNotContain(FATAL);
    int restarts = engine.restarts();
    assertThatThrownBy(() -> engine.generate(fatal)).isInstanceOf(GenerationException.class);
    assertThat(engine.restarts()).isEqualTo(restarts);
    for (int i = 0; i < 4; i++) {
      assertThat(others.get(i).join().usage().completionTokens()).isEqualTo(300);
    }
    assertThat(engine.ask("What is the capital of France?")).isNotEmpty();
  }
}
