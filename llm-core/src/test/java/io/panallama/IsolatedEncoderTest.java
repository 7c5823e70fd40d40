package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.IsolationException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.TextTooLongException;
import io.panallama.observe.EngineState;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.scoring.ScoreFunction;
import io.panallama.testkit.Fuzzing;
import io.panallama.testkit.TinyBert;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** An embedder, a reranker and a classifier in other processes, on generated encoders; some tests kill the process. */
@Timeout(300)
class IsolatedEncoderTest {
  private static final String FATAL = "the text that kills";

  /** A text's numbers depend a little on those it is computed with: llama.cpp's GELU is a table of 16-bit floats. */
  private static final double CLOSE = 1e-5;

  private static final float CLOSE_SCORES = 5e-3f;

  private static final int CALLERS = 6;
  private static final int CALLS = 40;

  @TempDir private static Path folder;

  private static Path vectors;
  private static Path ranking;
  private static Path labelling;
  private static Embedder here;
  private static Embedder there;

  @BeforeAll
  static void start() {
    System.setProperty("panallama.worker.fatalText", FATAL);
    vectors = new TinyBert(7).write(folder.resolve("bert.gguf"));
    ranking = new TinyBert(7).withHead(true).write(folder.resolve("reranker.gguf"));
    labelling = new TinyBert(7).withHead(true, "good", "bad", "odd").write(folder.resolve("classifier.gguf"));
    here = Embedder.load(vectors);
    there = embedder(EmbedderConfig.builder());
  }

  @AfterAll
  static void close() {
    there.close();
    here.close();
    System.clearProperty("panallama.worker.fatalText");
  }

  private static IsolationConfig.Builder limits() {
    return IsolationConfig.builder().reports(folder.resolve("reports"));
  }

  private static EmbedderConfig isolated(EmbedderConfig.Builder config) {
    return config.isolation(Isolation.PROCESS).isolationConfig(limits().build()).build();
  }

  /** A process that is stopped is replaced after two seconds. */
  private static EmbedderConfig hasty() {
    IsolationConfig hasty = limits().silenceLimit(Duration.ofSeconds(2)).build();
    return EmbedderConfig.builder().isolation(Isolation.PROCESS).isolationConfig(hasty).build();
  }

  private static Embedder embedder(EmbedderConfig.Builder config) {
    return Embedder.load(vectors, ModelConfig.defaults(), isolated(config));
  }

  private static List<String> texts(int number, int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i -> "the llama sings " + (char) ('a' + (number + i) % 26) + ", " + "llama ".repeat((number * i) % 12))
        .toList();
  }

  private static void signal(String name, long pid) {
    try {
      assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor()).isZero();
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  private static void await(Supplier<Boolean> condition) throws InterruptedException {
    while (!condition.get()) {
      Thread.sleep(1);
    }
  }

  /** 1 less the cosine. */
  private static double distance(float[] a, float[] b) {
    double dot = 0;
    double lengthA = 0;
    double lengthB = 0;
    assertThat(a).hasSameSizeAs(b);
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      lengthA += a[i] * a[i];
      lengthB += b[i] * b[i];
    }
    double size = Math.sqrt(lengthA * lengthB);
    return Math.abs(1 - dot / size);
  }

  private static void assertSame(List<Embedding> found, List<Embedding> expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      assertThat(distance(found.get(i).vector(), expected.get(i).vector())).as("text " + i).isLessThan(CLOSE);
      assertThat(found.get(i).tokens()).isEqualTo(expected.get(i).tokens());
      assertThat(found.get(i).truncated()).isEqualTo(expected.get(i).truncated());
      assertThat(found.get(i).parts()).isEqualTo(expected.get(i).parts());
    }
  }

  // ---- the same as in this process ----

  @Test
  void vectorsAreThoseOfAnEmbedderInThisProcess() {
    List<String> texts = List.of("the llama sings", "", "a b c \uD83E\uDD99", "llama ".repeat(200));
    for (EmbeddingOptions options :
        List.of(
            EmbeddingOptions.builder().longText(LongText.TRUNCATE).build(),
            EmbeddingOptions.builder()
                .longText(LongText.MEAN_OF_PARTS)
                .normalization(Normalization.MAX_ABS)
                .dimensions(5)
                .priority(9)
                .build(),
            EmbeddingOptions.builder()
                .longText(LongText.TRUNCATE)
                .normalization(Normalization.NONE)
                .task(EmbeddingTask.QUERY)
                .build())) {
      assertSame(there.embed(texts, options), here.embed(texts, options));
    }
    List<int[]> tokens = List.of(new int[] {2, 40, 41, 3}, new int[] {9});
    assertSame(
        there.embedTokens(tokens, EmbeddingOptions.defaults()), here.embedTokens(tokens, EmbeddingOptions.defaults()));
    assertThat(there.embed(List.of())).isEmpty();
    assertThat(there.submit(List.of("a"), EmbeddingOptions.defaults()).join()).hasSize(1);
    assertThat(there.countTokens("the llama sings")).isEqualTo(3).isEqualTo(here.countTokens("the llama sings"));
  }

  @Test
  void whatItSaysOfItselfIsTheSame() {
    assertThat(there.dimensions()).isEqualTo(here.dimensions());
    assertThat(there.maxTokens()).isEqualTo(here.maxTokens());
    assertThat(there.pools()).isTrue();
    assertThat(there.config().isolation()).isEqualTo(Isolation.PROCESS);
    assertThat(there.config().toBuilder().isolation(Isolation.NONE).isolationConfig(IsolationConfig.defaults()).build())
        .isEqualTo(here.config());
    assertThat(there.modelFacts().metadata()).isEqualTo(here.modelFacts().metadata());
    assertThat(there.modelFacts().parameterCount()).isEqualTo(here.model().parameterCount());
    assertThat(there.state()).isEqualTo(EngineState.RUNNING);
    assertThat(there.failure()).isEmpty();
    assertThat(there.pid()).isPositive().isNotEqualTo(here.pid());
    assertThatThrownBy(there::model).isInstanceOf(IsolationException.class).hasMessageContaining("modelFacts()");
  }

  /** It comes with the statistics, some time after the start. */
  @Test
  void whatLlamaHoldsThereIsKnownHere() throws InterruptedException {
    while (there.memory().isEmpty()) {
      Thread.sleep(10);
    }
    assertThat(there.memory()).isEqualTo(here.memory());
  }

  @Test
  void refusalsAreTheSame() {
    EmbeddingOptions plain = EmbeddingOptions.defaults();
    assertSameRefusal(embedder -> embedder.embed(List.of("a", "llama ".repeat(200)), plain));
    assertSameRefusal(embedder -> embedder.embed(List.of("a"), plain.toBuilder().dimensions(1000).build()));
    assertSameRefusal(embedder -> embedder.embedTokens(List.of(new int[] {1}, new int[] {2, 1_000_000}), plain));
    assertSameRefusal(embedder -> embedder.embedTokens(List.of(new int[0]), plain));
    assertSameRefusal(embedder -> embedder.tokenVectors(List.of("a"), plain));
  }

  private interface Use {
    void of(Embedder embedder);
  }

  private static void assertSameRefusal(Use use) {
    InvalidRequestException expected = catchThrowableOfType(InvalidRequestException.class, () -> use.of(here));
    InvalidRequestException found = catchThrowableOfType(InvalidRequestException.class, () -> use.of(there));
    assertThat(found).hasSameClassAs(expected).hasMessage(expected.getMessage());
    assertThat(found.parameter()).isEqualTo(expected.parameter());
    if (found instanceof TextTooLongException tooLong) {
      assertThat(tooLong.tokens()).isEqualTo(((TextTooLongException) expected).tokens());
      assertThat(tooLong.index()).isEqualTo(1);
    }
  }

  @Test
  void vectorsOfTokensCrossTheBorder() {
    EmbedderConfig.Builder none = EmbedderConfig.builder().pooling(Pooling.NONE).queryPrefix("llama ");
    EmbeddingOptions query = EmbeddingOptions.builder().task(EmbeddingTask.QUERY).build();
    try (Embedder far = embedder(none);
        Embedder near = Embedder.load(vectors, ModelConfig.defaults(), none.isolation(Isolation.NONE).build())) {
      TokenVectors found = far.tokenVectors(List.of("sings"), query).getFirst();
      TokenVectors expected = near.tokenVectors(List.of("sings"), query).getFirst();
      assertThat(found.tokens()).isEqualTo(expected.tokens()).hasSize(4);
      for (int i = 0; i < 4; i++) {
        assertThat(distance(found.vectors()[i], expected.vectors()[i])).isLessThan(CLOSE);
      }
      int[] tokens = expected.tokens();
      assertThat(far.tokenVectorsOf(List.of(tokens), query).getFirst().tokens()).isEqualTo(tokens);
      assertThatThrownBy(() -> far.embed("a")).isInstanceOf(InvalidRequestException.class);
    }
  }

  @Test
  void ranksAndLabelsAreThoseOfThisProcess() {
    RerankOptions two = RerankOptions.builder().topN(2).normalized(true).truncate(true).priority(1).build();
    ClassifyOptions each =
        ClassifyOptions.builder().function(ScoreFunction.SIGMOID).longText(LongText.TRUNCATE).build();
    List<String> documents = List.of("the llama", "a cat sings", "llama ".repeat(100), "zoo.");
    try (Reranker near = Reranker.load(ranking);
        Reranker far = Reranker.load(ranking, ModelConfig.defaults(), isolated(EmbedderConfig.builder()));
        Classifier nearLabels = Classifier.load(labelling);
        Classifier farLabels = Classifier.load(labelling, ModelConfig.defaults(), isolated(EmbedderConfig.builder()))) {
      assertSame(far.rank("llama?", documents, two), near.rank("llama?", documents, two));
      assertThat(far.maxTokens()).isEqualTo(near.maxTokens());
      TextTooLongException tooLong =
          catchThrowableOfType(TextTooLongException.class, () -> far.rank("llama?", documents));
      assertThat(tooLong.parameter()).isEqualTo("documents[2]");
      assertThat(catchThrowableOfType(TextTooLongException.class, () -> far.rank("a ".repeat(90), documents)).index())
          .isEqualTo(TextTooLongException.NO_INDEX);
      assertSameLabels(farLabels.classify(documents, each), nearLabels.classify(documents, each));
      assertThat(farLabels.labels()).containsExactly("good", "bad", "odd");
      assertThat(farLabels.config()).isNotEqualTo(nearLabels.config());
      assertThat(farLabels.modelFacts().path()).isEqualTo(labelling.toAbsolutePath());
    }
  }

  private static void assertSame(Ranking found, Ranking expected) {
    assertThat(found.tokens()).isEqualTo(expected.tokens());
    assertThat(found.documents()).hasSameSizeAs(expected.documents());
    assertThat(found.documents()).extracting(RankedDocument::score).isSortedAccordingTo((a, b) -> Float.compare(b, a));
    // Documents of almost the same score may change places.
    List<RankedDocument> ranked = byIndex(found);
    List<RankedDocument> given = byIndex(expected);
    for (int i = 0; i < ranked.size(); i++) {
      assertThat(ranked.get(i).index()).isEqualTo(given.get(i).index());
      assertThat(ranked.get(i).score()).isCloseTo(given.get(i).score(), within(CLOSE_SCORES));
      assertThat(ranked.get(i).truncated()).isEqualTo(given.get(i).truncated());
    }
  }

  private static List<RankedDocument> byIndex(Ranking ranking) {
    return ranking.documents().stream().sorted(Comparator.comparingInt(RankedDocument::index)).toList();
  }

  private static void assertSameLabels(List<Classification> found, List<Classification> expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i).best().label()).isEqualTo(expected.get(i).best().label());
      assertThat(found.get(i).truncated()).isEqualTo(expected.get(i).truncated());
      List<LabelScore> scores = expected.get(i).scores();
      for (int label = 0; label < scores.size(); label++) {
        assertThat(found.get(i).scores().get(label).score()).isCloseTo(scores.get(label).score(), within(CLOSE_SCORES));
      }
    }
  }

  @Test
  void whatCannotStartSaysWhy() {
    assertThatThrownBy(() ->
            Embedder.load(folder.resolve("none.gguf"), ModelConfig.defaults(), isolated(EmbedderConfig.builder())))
        .isInstanceOf(ModelLoadException.class);
    assertThatExceptionOfType(EngineStartException.class)
        .isThrownBy(() -> Reranker.load(vectors, ModelConfig.defaults(), isolated(EmbedderConfig.builder())))
        .satisfies(refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.NOT_A_RERANKER));
    assertThatThrownBy(() ->
            Classifier.load(
                labelling, ModelConfig.defaults(), isolated(EmbedderConfig.builder().queryPrefix("query: "))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prefix");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aLimitThatIsTooSmallToStartIsRefused() {
    EmbedderConfig tiny =
        EmbedderConfig.builder()
            .isolation(Isolation.PROCESS)
            .isolationConfig(limits().memoryBytes(100L << 20).build())
            .build();
    assertThatExceptionOfType(EngineStartException.class)
        .isThrownBy(() -> Embedder.load(vectors, ModelConfig.defaults(), tiny))
        .satisfies(refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.INSUFFICIENT_MEMORY))
        .withMessageStartingWith("memoryBytes is " + (100L << 20) + " bytes");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theLimitIsThatOfTheProcess() throws IOException {
    EmbedderConfig roomy =
        EmbedderConfig.builder()
            .isolation(Isolation.PROCESS)
            .isolationConfig(limits().memoryBytes(2L << 30).build())
            .build();
    try (Embedder limited = Embedder.load(vectors, ModelConfig.defaults(), roomy)) {
      assertThat(Files.readString(Path.of("/proc/" + limited.pid() + "/limits")))
          .containsPattern("Max data size +" + (2L << 30) + " ");
      assertSame(limited.embed(List.of("a")), here.embed(List.of("a")));
    }
  }

  @Test
  void aLoadedModelCanBeUsedToo() {
    try (Model model = Model.load(vectors);
        Embedder far = Embedder.start(model, isolated(EmbedderConfig.builder()))) {
      assertThat(far.model()).isSameAs(model);
      assertSame(far.embed(texts(1, 5)), here.embed(texts(1, 5)));
    }
  }

  // ---- deaths ----

  /** Callers that ask all the time while the process is killed and stopped at random moments. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void killsAreNotNoticed() throws Exception {
    RerankOptions mapped = RerankOptions.builder().normalized(true).build();
    try (Embedder victim = Embedder.load(vectors, ModelConfig.defaults(), hasty());
        Reranker near = Reranker.load(ranking);
        Reranker far = Reranker.load(ranking, ModelConfig.defaults(), hasty());
        Classifier nearLabels = Classifier.load(labelling);
        Classifier farLabels = Classifier.load(labelling, ModelConfig.defaults(), hasty())) {
      List<List<Embedding>> expected = new ArrayList<>();
      List<Ranking> ranks = new ArrayList<>();
      List<List<Classification>> labels = new ArrayList<>();
      for (int number = 0; number < CALLS; number++) {
        expected.add(here.embed(texts(number, 1 + number)));
        ranks.add(near.rank("llama " + number, texts(number, 5 + number), mapped));
        labels.add(nearLabels.classify(texts(number, 1 + number)));
      }
      disturb(
          victim::pid,
          List.of("KILL", "SEGV", "STOP"),
          number -> assertSame(victim.embed(texts(number, 1 + number)), expected.get(number)));
      disturb(
          far::pid,
          List.of("SEGV"),
          number -> assertSame(far.rank("llama " + number, texts(number, 5 + number), mapped), ranks.get(number)));
      disturb(
          farLabels::pid,
          List.of("KILL"),
          number -> assertSameLabels(farLabels.classify(texts(number, 1 + number)), labels.get(number)));
      assertThat(victim.restarts()).isGreaterThanOrEqualTo(3);
      assertThat(far.restarts()).isPositive();
      assertThat(farLabels.restarts()).isPositive();
      assertThat(victim.state()).isEqualTo(EngineState.RUNNING);
      assertThat(victim.waiting()).isZero();
    }
  }

  /**
   * Sends signals to the process while callers ask.
   *
   * @param call asks for one of the numbers below {@link #CALLS}, and checks the answer
   */
  private static void disturb(LongSupplier pid, List<String> signals, IntConsumer call) throws InterruptedException {
    Random random = new Random(Fuzzing.seed());
    AtomicInteger answers = new AtomicInteger();
    CompletableFuture<Void> enough = new CompletableFuture<>();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> callers = new ArrayList<>();
    for (int caller = 0; caller < CALLERS; caller++) {
      int first = caller;
      callers.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int turn = first; !enough.isDone(); turn += CALLERS) {
                  try {
                    call.accept(turn % CALLS);
                  } catch (Throwable failure) {
                    failures.add(failure);
                  }
                  answers.incrementAndGet();
                }
              }));
    }
    for (String name : signals) {
      await(() -> pid.getAsLong() != 0);
      int before = answers.get();
      int more = random.nextInt(30);
      await(() -> answers.get() >= before + more);
      long victim = pid.getAsLong();
      signal(name, victim);
      await(() -> pid.getAsLong() != victim && pid.getAsLong() != 0);
    }
    int before = answers.get();
    await(() -> answers.get() >= before + CALLERS);
    enough.complete(null);
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(failures).as("seed " + Fuzzing.seed()).isEmpty();
  }

  @Test
  void aTextThatKillsFailsAloneAndIsRemembered() throws IOException {
    try (Embedder victim = embedder(EmbedderConfig.builder())) {
      List<CompletableFuture<List<Embedding>>> others = new ArrayList<>();
      CompletableFuture<List<Embedding>> fatal = victim.submit(List.of("a", FATAL + "."), EmbeddingOptions.defaults());
      for (int number = 0; number < 2; number++) {
        others.add(victim.submit(texts(number, 30), EmbeddingOptions.defaults()));
      }
      for (int number = 0; number < others.size(); number++) {
        assertSame(others.get(number).join(), here.embed(texts(number, 30)));
      }
      EmbeddingException killed =
          (EmbeddingException) catchThrowableOfType(CompletionException.class, fatal::join).getCause();
      assertThat(killed.reason()).isEqualTo(EmbeddingException.Reason.ENGINE_KILLED);
      Matcher report = Pattern.compile("Report: (.*\\.txt)").matcher(killed.getMessage());
      assertThat(report.find()).as(killed.getMessage()).isTrue();
      assertThat(Files.readString(Path.of(report.group(1)))).contains("call EMBED of").doesNotContain(FATAL);
      assertSame(victim.embed(List.of("a")), here.embed(List.of("a")));
      int restarts = victim.restarts();
      assertThat(restarts).isPositive();
      assertThatExceptionOfType(EmbeddingException.class)
          .isThrownBy(() -> victim.embed(List.of("a", FATAL + ".")))
          .satisfies(again -> assertThat(again.reason()).isEqualTo(EmbeddingException.Reason.ENGINE_KILLED))
          .withMessageContaining("has died of the same request before");
      assertThat(victim.restarts()).isEqualTo(restarts);
    }
  }

  // ---- callers that leave, and the end ----

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aCallThatIsGivenUpIsForgotten() throws Exception {
    try (Embedder victim = embedder(EmbedderConfig.builder().queueLimit(8))) {
      long pid = victim.pid();
      signal("STOP", pid);
      CompletableFuture<List<Embedding>> first = victim.submit(texts(1, 8), EmbeddingOptions.defaults());
      await(() -> victim.waiting() == 8);
      assertThatExceptionOfType(EngineBusyException.class).isThrownBy(() -> victim.embed("one more"));
      first.cancel(true);
      await(() -> victim.waiting() == 0);
      CompletableFuture<List<Embedding>> second = victim.submit(texts(2, 8), EmbeddingOptions.defaults());
      signal("CONT", pid);
      assertSame(second.join(), here.embed(texts(2, 8)));
      assertThat(victim.pid()).isEqualTo(pid);
      assertThatExceptionOfType(InvalidRequestException.class)
          .isThrownBy(() -> victim.embed(texts(1, 9)))
          .withMessageContaining("at most 8 are taken at once");
    }
  }

  /** An interrupt closes a channel that its thread writes to; none of these may end the connection. */
  @Test
  void callersThatAreInterruptedLeaveTheConnectionAlone() throws Exception {
    Random random = new Random(Fuzzing.seed());
    long pid = there.pid();
    for (int turn = 0; turn < 200; turn++) {
      CompletableFuture<List<Embedding>> call = there.submit(texts(turn, 40), EmbeddingOptions.defaults());
      if (random.nextBoolean()) {
        int waiting = random.nextInt(2000);
        for (int i = 0; i < waiting && !call.isDone(); i++) {
          Thread.onSpinWait();
        }
      }
      call.cancel(true);
    }
    await(() -> there.waiting() == 0);
    assertSame(there.embed(texts(3, 10)), here.embed(texts(3, 10)));
    assertThat(there.pid()).isEqualTo(pid);
  }

  @Test
  void anInterruptedCallerGetsATypedErrorAndStaysInterrupted() {
    Thread.currentThread().interrupt();
    assertThatExceptionOfType(EmbeddingException.class)
        .isThrownBy(() -> there.embed(texts(1, 4)))
        .satisfies(left -> assertThat(left.reason()).isEqualTo(EmbeddingException.Reason.INTERRUPTED));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(there.embed("a").vector()).isNotEmpty();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void closingEndsCallsAndTheProcess() throws Exception {
    Embedder victim = Embedder.load(vectors, ModelConfig.defaults(), hasty());
    long pid = victim.pid();
    signal("STOP", pid);
    CompletableFuture<List<Embedding>> running = victim.submit(texts(1, 8), EmbeddingOptions.defaults());
    await(() -> victim.waiting() == 8);
    victim.close();
    assertThatThrownBy(running::join).hasCauseInstanceOf(EngineClosedException.class);
    ThrowingCallable later = () -> victim.embed("a");
    assertThatThrownBy(later).isInstanceOf(EngineClosedException.class);
    assertThat(victim.state()).isEqualTo(EngineState.CLOSED);
    assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    victim.close();
  }
}
