package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.IsolationException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.internal.engine.Replay;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.Prompt;
import io.panallama.request.StreamFlush;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An engine in another process, on the demo model; some tests kill the process. */
@Timeout(600)
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
    return (IsolatedEngine) Engine.start(TestFiles.demoModel(), isolated(isolation));
  }

  private static EngineConfig isolated(IsolationConfig isolation) {
    return config().toBuilder().isolation(Isolation.PROCESS).isolationConfig(isolation).build();
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

  /** A prompt of several steps; the answer is read first, so what is left are the first state and the last one. */
  @Test
  void tellsWhereThePromptBeganAndThatItIsComputed() {
    ChatRequest chat = ChatRequest.of("What is the capital of France? ".repeat(60)).with(GREEDY);
    for (GenerationRequest request : List.of(story(77, 4), chat)) {
      Generation generation = engine.generate(request);
      Completion answer = generation.await();
      List<PromptProgress> states =
          Stream.generate(generation::promptProgress)
              .takeWhile(Optional::isPresent)
              .map(Optional::orElseThrow)
              .toList();
      int total = answer.usage().promptTokens();
      assertThat(states).hasSize(2).allMatch(state -> state.total() == total);
      assertThat(states.getFirst().processed()).isEqualTo(states.getFirst().cached()).isLessThan(total);
      assertThat(states.getLast().processed()).isEqualTo(total);
    }
  }

  /** As a server does when a client leaves while its request is prepared. */
  @Test
  void aCallerThatIsInterruptedWhileItAsksDoesNotEndTheProcess() throws Exception {
    long pid = engine.pid();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      GenerationRequest request = story(i, 200);
      Thread caller =
          Thread.ofVirtual()
              .start(() -> {
                try (Generation generation = engine.generate(request)) {
                  generation.await();
                } catch (GenerationException interrupted) {
                  assertThat(interrupted.reason()).isEqualTo(GenerationException.Reason.INTERRUPTED);
                }
              });
      callers.add(caller);
      caller.interrupt();
    }
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(engine.generate(story(0, 4)).await().usage().completionTokens()).isEqualTo(4);
    assertThat(engine.pid()).isEqualTo(pid);
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
    assertThat(engine.config().isolation()).isEqualTo(Isolation.PROCESS);
    assertThat(engine.config().isolationConfig().reports()).contains(reports);
    assertThat(engine.modelFacts().parameterCount()).isEqualTo(model.parameterCount());
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
  void logProbabilitiesAfterSamplingAreTheSame() {
    GenerationOptions options =
        GenerationOptions.builder()
            .sampling(Sampling.builder().seed(7).build())
            .topLogprobs(4)
            .logprobsAfterSampling(true)
            .maxTokens(8)
            .build();
    CompletionRequest request = CompletionRequest.of("Once upon a time").with(options);
    List<TokenLogprobs> here = local.generate(request).await().logprobs();
    assertThat(engine.generate(request).await().logprobs()).isEqualTo(here);
    assertThat(here)
        .isNotEqualTo(
            local.generate(request.with(options.toBuilder().logprobsAfterSampling(false).build())).await().logprobs());
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
    GenerationOptions banned =
        GenerationOptions.builder().sampling(Sampling.builder().banTokens(List.of(99_999)).build()).build();
    assertThatThrownBy(() -> engine.generate(CompletionRequest.of("a").with(banned)))
        .isInstanceOfSatisfying(
            InvalidRequestException.class,
            refused -> assertThat(refused.parameter()).isEqualTo("sampling.bannedTokens"))
        .hasMessageContaining("99999");
  }

  /** The prompt's log-probabilities, of a prompt of several chunks, in a conversation and in a completion. */
  @Test
  void logProbabilitiesOfThePromptAreTheSame() {
    CompletionRequest story = CompletionRequest.of("Once upon a time there was a llama. ".repeat(20));
    GenerationOptions options = GREEDY.toBuilder().promptLogprobs(2).maxTokens(3).topLogprobs(1).build();
    for (GenerationRequest request : List.of(story.with(options), ChatRequest.of("Tell me a joke").with(options))) {
      Completion here = local.generate(request).await();
      Completion there = engine.generate(request).await();
      assertThat(there.promptLogprobs()).hasSize(local.countTokens(request)).isEqualTo(here.promptLogprobs());
      assertThat(there.logprobs()).isEqualTo(here.logprobs());
    }
  }

  /** A worker that dies while the prompt is handed out: the next one goes on where the reader is. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void logProbabilitiesOfThePromptSurviveAWorker() throws Exception {
    CompletionRequest request =
        CompletionRequest.of("Once upon a time there was a llama. ".repeat(20))
            .with(GREEDY.toBuilder().promptLogprobs(1).maxTokens(4).build());
    EngineConfig near =
        isolated(IsolationConfig.builder().reports(reports).build()).toBuilder().mailboxCapacity(1).build();
    List<Integer> tokens = new ArrayList<>();
    Completion rest;
    try (IsolatedEngine victim = (IsolatedEngine) Engine.start(TestFiles.demoModel(), near);
        Generation generation = victim.generate(request)) {
      while (tokens.isEmpty()) {
        generation.poll(Duration.ofSeconds(30)).ifPresent(event -> add(tokens, event));
      }
      assertThat(tokens.size()).isLessThan(local.countTokens(request));
      new ProcessBuilder("kill", "-KILL", Long.toString(victim.pid())).start().waitFor();
      rest = generation.await();
    }
    rest.promptLogprobs().forEach(score -> tokens.add(score.chosen().token()));
    assertThat(tokens.stream().mapToInt(Integer::intValue).toArray())
        .isEqualTo(local.tokenize(((Prompt.Text) request.prompt()).text(), true, false));
    assertThat(rest.usage().completionTokens()).isEqualTo(4);
    assertThat(rest.timings().resumed()).isEqualTo(1);
  }

  private static void add(List<Integer> tokens, GenerationEvent event) {
    ((GenerationEvent.PromptLogprobs) event).tokens().forEach(score -> tokens.add(score.chosen().token()));
  }

  @Test
  void refusesCodeOfThisProcess() {
    GenerationOptions options = GREEDY.toBuilder().processing(LogitProcessing.of(() -> _ -> {})).build();
    assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hi").with(options)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("processing");
  }

  @Test
  void refusesWhatNeedsTheModelInThisProcess() {
    assertThatThrownBy(engine::openSession).isInstanceOf(IsolationException.class).hasMessageContaining("sessions");
    assertThatThrownBy(() -> engine.openSession(new int[] {1})).isInstanceOf(IsolationException.class);
    assertThatThrownBy(() -> engine.restoreSession(Path.of("a.session"))).isInstanceOf(IsolationException.class);
    assertThatThrownBy(engine::model).isInstanceOf(IsolationException.class).hasMessageContaining("modelFacts()");
  }

  @Test
  void anEngineOnALoadedModelCanBeIsolatedToo() {
    try (Engine other = Engine.start(model, isolated(IsolationConfig.defaults()))) {
      assertThat(other).isInstanceOf(IsolatedEngine.class);
      assertThat(other.model()).isSameAs(model);
      assertThat(other.generate(story(0, 20)).await().text()).isEqualTo(local.generate(story(0, 20)).await().text());
    }
  }

  @Test
  void tokensCrossTheBorder() {
    String text = "Once upon a time <|im_end|> \uD83E\uDD99 ä";
    for (boolean addSpecial : List.of(true, false)) {
      for (boolean parseSpecial : List.of(true, false)) {
        int[] there = engine.tokenize(text, addSpecial, parseSpecial);
        assertThat(there).isEqualTo(local.tokenize(text, addSpecial, parseSpecial));
        assertThat(engine.detokenize(there)).isEqualTo(local.detokenize(there));
      }
    }
    assertThat(engine.tokenize(text, false, true)).hasSizeLessThan(engine.tokenize(text, false, false).length);
    assertThat(engine.tokenize("", false, false)).isEmpty();
    assertThat(engine.detokenize()).isEmpty();
    int[] first = engine.tokenize("\uD83E\uDD99", false, false);
    assertThat(engine.detokenize(first[0])).isEqualTo(local.detokenize(first[0]));
    for (int outside : new int[] {-1, model.vocabulary().size()}) {
      assertThatThrownBy(() -> engine.detokenize(outside))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage(messageOf(() -> local.detokenize(outside)));
    }
  }

  private static String messageOf(ThrowingCallable refused) {
    return String.valueOf(catchThrowable(refused).getMessage());
  }

  @Test
  void aFileThatCannotBeLoadedIsRefusedAsUsual() {
    Path missing = reports.resolve("missing.gguf");
    assertThatThrownBy(() -> Engine.start(missing, isolated(IsolationConfig.defaults())))
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

  /** As the command line does with the model that it brings along: its file is in a cache, which may be emptied at any time. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aModelFileThatIsPutBackBeforeTheRestartIsLoadedAgain(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("copy.gguf");
    Runnable putBack =
        () -> {
          try {
            if (!Files.exists(file)) {
              Files.copy(TestFiles.demoModel(), file);
            }
          } catch (IOException failure) {
            throw new UncheckedIOException(failure);
          }
        };
    putBack.run();
    String expected = local.generate(story(4, 200)).await().text();
    try (IsolatedEngine own =
        (IsolatedEngine)
            Engine.start(file, isolated(IsolationConfig.builder().reports(reports).beforeRestart(putBack).build()))) {
      Generation running = own.generate(story(4, 200));
      Files.delete(file);
      new ProcessBuilder("kill", "-KILL", Long.toString(own.pid())).start().waitFor();
      assertThat(running.await().text()).isEqualTo(expected);
      assertThat(own.restarts()).isEqualTo(1);
      assertThat(own.state()).isEqualTo(EngineState.RUNNING);
    }
  }

  /** A terminal and a service manager send these to all processes; what becomes of the worker is its parent's business. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aWorkerIgnoresSignalsThatEndAProgramInOrder() throws IOException, InterruptedException {
    long pid = engine.pid();
    int restarts = engine.restarts();
    String expected = local.generate(story(3, 400)).await().text();
    try (Generation generation = engine.generate(story(3, 400))) {
      assertThat(generation.poll(Duration.ofSeconds(60))).isPresent();
      for (String signal : List.of("INT", "HUP", "TERM")) {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor()).isZero();
      }
      assertThat(engine.generate(story(3, 400)).await().text()).isEqualTo(expected);
    }
    assertThat(engine.pid()).isEqualTo(pid);
    assertThat(engine.restarts()).isEqualTo(restarts);
  }

  /**
   * The limit of the memory is what an idle worker has and a little more, so that the text of a long request does not fit.
   * Only Linux counts what the limit counts.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void memoryBeyondTheLimitEndsTheWorkerOnly() throws IOException {
    long idle;
    try (IsolatedEngine roomy = start(IsolationConfig.builder().reports(reports).memoryBytes(16L << 30).build())) {
      roomy.generate(story(0, 8)).await();
      idle = dataBytes(roomy.pid());
    }
    IsolationConfig limit = IsolationConfig.builder().reports(reports).memoryBytes(idle + (48L << 20)).build();
    try (IsolatedEngine limited = start(limit)) {
      assertThat(Files.readString(Path.of("/proc/" + limited.pid() + "/limits")))
          .containsPattern("Max data size +" + limit.memoryBytes() / 1024 * 1024 + " ");
      String expected = local.generate(story(3, 400)).await().text();
      CompletableFuture<Completion> other = limited.generate(story(3, 400)).toFuture();
      CompletionRequest tooMuch = CompletionRequest.of("a".repeat(192 << 20));
      assertThatThrownBy(() -> limited.generate(tooMuch))
          .isInstanceOfSatisfying(
              GenerationException.class,
              killed -> assertThat(killed.reason()).isEqualTo(GenerationException.Reason.ENGINE_KILLED))
          .hasMessageContaining("memory");
      assertThat(other.join().text()).isEqualTo(expected);
      assertThat(limited.restarts()).isPositive();
      assertThat(limited.generate(story(3, 400)).await().text()).isEqualTo(expected);
    }
  }

  /** A chat template's stack does not fit into what is left; the process has enough for anything else. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aRequestWithoutMemoryIsRefusedAndSaysWhatHelps() {
    IsolationConfig limit = IsolationConfig.builder().reports(reports).memoryBytes(300L << 20).build();
    try (IsolatedEngine limited = start(limit)) {
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> limited.generate(ChatRequest.of("Hello").with(GREEDY)),
              () -> limited.render(ChatRequest.of("Hello")),
              () -> limited.countTokens(ChatRequest.of("Hello")))) {
        assertThatThrownBy(use)
            .isInstanceOfSatisfying(
                GenerationException.class,
                refused -> assertThat(refused.reason()).isEqualTo(GenerationException.Reason.OUT_OF_MEMORY))
            .hasMessageStartingWith("memoryBytes limits the engine's process to ")
            .hasMessageContaining("the chat template")
            .hasMessageContaining("raise memoryBytes");
      }
      assertThat(limited.generate(story(3, 40)).await().text()).isEqualTo(local.generate(story(3, 40)).await().text());
      assertThat(limited.restarts()).isZero();
    }
  }

  /** What RLIMIT_DATA counts. */
  private static long dataBytes(long pid) throws IOException {
    Matcher size =
        Pattern.compile("VmData:\\s+(\\d+) kB").matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
    assertThat(size.find()).isTrue();
    return Long.parseLong(size.group(1)) * 1024;
  }

  /** The first is too little for a JVM, the others for an engine, also by what llama.cpp says. */
  @ParameterizedTest
  @ValueSource(longs = {8L << 20, 120L << 20, 140L << 20})
  @EnabledOnOs(OS.LINUX)
  void aLimitThatIsTooSmallToStartIsRefused(long bytes) {
    IsolationConfig tiny = IsolationConfig.builder().reports(reports).memoryBytes(bytes).build();
    assertThatThrownBy(() -> start(tiny).close())
        .isInstanceOfSatisfying(
            EngineStartException.class,
            refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.INSUFFICIENT_MEMORY))
        .hasMessageStartingWith("memoryBytes is " + bytes + " bytes");
    assertThat(engine.generate(story(0, 4)).await().usage().completionTokens()).isEqualTo(4);
  }

  /**
   * The weights of the second half of the file are no longer there when the next step reads them: the kernel sends SIGBUS,
   * unless the engine notices the change before. Both end the worker only, and the file is refused from then on.
   */
  @Test
  void aModelFileThatIsTruncatedWhileItIsMappedEndsTheWorkerOnly() throws IOException {
    Path file = reports.resolve("truncated.gguf");
    Files.copy(TestFiles.demoModel(), file);
    IsolationConfig isolation = IsolationConfig.builder().reports(reports.resolve("truncated")).build();
    try (IsolatedEngine victim = (IsolatedEngine) Engine.start(file, isolated(isolation))) {
      List<CompletableFuture<Completion>> running = new ArrayList<>();
      for (int stream = 0; stream < 4; stream++) {
        running.add(victim.generate(story(stream, 900)).toFuture());
      }
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() / 2);
      }
      for (CompletableFuture<Completion> one : running) {
        assertThatThrownBy(one::join).hasCauseInstanceOf(GenerationException.class);
      }
      assertThatThrownBy(() -> victim.generate(story(9, 4))).isInstanceOf(EngineFailedException.class);
      assertThat(victim.state()).isEqualTo(EngineState.FAILED);
      assertThat(victim.failure())
          .get()
          .isInstanceOfSatisfying(
              ModelLoadException.class,
              refused -> assertThat(refused.reason()).isEqualTo(ModelLoadException.Reason.TRUNCATED));
      try (Stream<Path> all = Files.list(reports.resolve("truncated"))) {
        assertThat(all).isNotEmpty();
      }
    }
  }

  /**
   * A sampled generation goes on with its seed at the position of its random numbers: the tokens after the kill are those
   * that this process draws next after the same tokens. A few may differ, because steps of other sizes round differently and
   * a draw may lie at a border; with another seed nearly all do.
   */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSampledGenerationKeepsItsSeedAndPosition() throws Exception {
    int length = 160;
    GenerationOptions options =
        GenerationOptions.builder()
            .sampling(Sampling.builder().temperature(4).topK(0).topP(1).minP(0).seed(14).ignoreEnd(true).build())
            .maxTokens(length)
            .topLogprobs(1)
            .build();
    CompletionRequest request = CompletionRequest.of("Once upon a time").with(options);
    List<Integer> tokens = new ArrayList<>();
    int killedAfter = 0;
    GenerationEvent.Finished end = null;
    // A mailbox of this size keeps the worker close to the reader.
    EngineConfig near =
        isolated(IsolationConfig.builder().reports(reports).build()).toBuilder().mailboxCapacity(16).build();
    try (IsolatedEngine victim = (IsolatedEngine) Engine.start(TestFiles.demoModel(), near);
        Generation generation = victim.generate(request)) {
      for (GenerationEvent event : generation) {
        switch (event) {
          case GenerationEvent.Text piece -> piece.logprobs().forEach(token -> tokens.add(token.chosen().token()));
          case GenerationEvent.Finished finished -> end = finished;
          default -> throw new AssertionError("unexpected: " + event);
        }
        if (killedAfter == 0 && tokens.size() >= 20) {
          killedAfter = tokens.size() + 2 * 16;
          new ProcessBuilder("kill", "-KILL", Long.toString(victim.pid())).start().waitFor();
        }
      }
    }
    assertThat(tokens).hasSize(length);
    assertThat(end).isNotNull();
    assertThat(end.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(end.usage().completionTokens()).isEqualTo(length);
    assertThat(end.timings().resumed()).isEqualTo(1);
    int compared = length - killedAfter;
    assertThat(drawnAgain(request, tokens, killedAfter)).isGreaterThanOrEqualTo(compared * 85 / 100);
    CompletionRequest other =
        request.with(options.toBuilder().sampling(options.sampling().toBuilder().seed(15).build()).build());
    assertThat(drawnAgain(other, tokens, killedAfter)).isLessThan(compared * 30 / 100);
  }

  /** How many of the tokens from a place on this process draws, each after those before it. */
  private static int drawnAgain(CompletionRequest request, List<Integer> tokens, int from) {
    int same = 0;
    for (int place = from; place < tokens.size(); place++) {
      int[] before = tokens.subList(0, place).stream().mapToInt(Integer::intValue).toArray();
      List<Integer> read = new ArrayList<>();
      GenerationOptions one = request.options().toBuilder().maxTokens(place + 1).build();
      ((LocalEngine) local).generate(request.with(one), new Replay(before, read::add)).generation().await();
      assertThat(read).hasSize(place + 1);
      same += read.getLast().equals(tokens.get(place)) ? 1 : 0;
    }
    return same;
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
    assertThat(engine.ask("What is the capital of France?")).as("by the next process").isNotEmpty();
    int restarts = engine.restarts();
    assertThatThrownBy(() -> engine.generate(fatal)).isInstanceOf(GenerationException.class);
    assertThat(engine.restarts()).isEqualTo(restarts);
    for (int i = 0; i < 4; i++) {
      assertThat(others.get(i).join().usage().completionTokens()).isEqualTo(300);
    }
  }
}
