package io.panallama.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Java code that has a say in each token. */
@Timeout(120)
class LogitProcessorTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults()));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static GenerationOptions options(Sampling sampling, LogitProcessor processor) {
    return GenerationOptions.builder()
        .sampling(sampling)
        .maxTokens(60)
        .processing(LogitProcessing.builder(() -> processor).timeLimit(LONG).maxCandidates(64).build())
        .build();
  }

  private static Generation generate(GenerationOptions options) {
    return engine.generate(CompletionRequest.of(new Prompt.Text("Say something", false), options));
  }

  @Test
  void oneThatChangesNothingChangesNothing() {
    for (Sampling sampling : List.of(Sampling.greedy(), Sampling.builder().seed(5).build())) {
      GenerationOptions watched = options(sampling, candidates -> {});
      assertThat(generate(watched).await().text())
          .isEqualTo(generate(watched.toBuilder().noProcessing().build()).await().text());
    }
  }

  /** So it may keep state, though the choices are generated side by side. */
  @Test
  void everyChoiceHasAProcessorAndAThreadOfItsOwn() {
    Map<LogitProcessor, Set<Thread>> callers = new ConcurrentHashMap<>();
    Supplier<LogitProcessor> one =
        () ->
            new LogitProcessor() {
              private int calls;

              @Override
              public void process(Candidates candidates) {
                callers.computeIfAbsent(this, _ -> ConcurrentHashMap.newKeySet()).add(Thread.currentThread());
                assertThat(candidates.step()).isEqualTo(calls++);
              }
            };
    GenerationOptions options =
        GenerationOptions.builder()
            .maxTokens(20)
            .processing(LogitProcessing.builder(one).timeLimit(LONG).maxCandidates(64).build())
            .build();
    CompletionRequest request = CompletionRequest.of(new Prompt.Text("Say something", false), options);
    try (GenerationGroup group = engine.generateAll(request, 3)) {
      assertThat(group.await()).allMatch(answer -> answer.usage().completionTokens() == 20);
    }
    assertThat(callers).hasSize(3);
    assertThat(callers.values().stream().flatMap(Set::stream)).hasSize(3).doesNotHaveDuplicates();
  }

  /** Its thread parks between the tokens, and would not if it were interrupted. */
  @Test
  void anInterruptThatItLeavesBehindIsTakenBack() {
    List<Boolean> found = new ArrayList<>();
    LogitProcessor interrupting =
        candidates -> {
          found.add(Thread.currentThread().isInterrupted());
          Thread.currentThread().interrupt();
        };
    assertThat(generate(options(Sampling.greedy(), interrupting)).await().usage().completionTokens()).isEqualTo(60);
    assertThat(found).hasSize(60).containsOnly(false);
  }

  /** Nothing of the others goes on, and all places come free again. */
  @Test
  void aSupplierThatThrowsRefusesAllChoices() {
    AtomicInteger made = new AtomicInteger();
    Supplier<LogitProcessor> second =
        () -> {
          if (made.incrementAndGet() == 2) {
            throw new IllegalArgumentException("no second one");
          }
          return candidates -> {};
        };
    GenerationOptions options =
        GenerationOptions.builder()
            .processing(LogitProcessing.builder(second).timeLimit(LONG).maxCandidates(64).build())
            .build();
    CompletionRequest request = CompletionRequest.of(new Prompt.Text("Say something", false), options);
    assertThatThrownBy(() -> engine.generateAll(request, 3)).hasMessage("no second one");
    // The first one's place comes free when the engine has seen that it was closed.
    while (engine.stats().running() + engine.stats().waiting() > 0) {
      Thread.onSpinWait();
    }
    assertThat(made).hasValue(2);
  }

  @Test
  void itDecidesWhichTokenComes() {
    // The third likeliest at every step: the greedy sampler must take it.
    List<Integer> chosen = new ArrayList<>();
    List<Integer> previous = new ArrayList<>();
    LogitProcessor third =
        candidates -> {
          chosen.add(candidates.token(2));
          previous.add(candidates.previousToken());
          assertThat(candidates.step()).isEqualTo(chosen.size() - 1);
          for (int i = 0; i < candidates.size(); i++) {
            if (i != 2) {
              candidates.forbid(i);
            }
          }
        };
    List<Integer> tokens = new ArrayList<>();
    try (Generation generation = generate(options(Sampling.greedy(), third).toBuilder().topLogprobs(3).build())) {
      for (GenerationEvent event : generation) {
        if (event instanceof GenerationEvent.Text piece) {
          for (TokenLogprobs token : piece.logprobs()) {
            tokens.add(token.chosen().token());
            assertThat(token.top()).hasSize(3);
            assertThat(token.top().get(2).token()).isEqualTo(token.chosen().token());
            assertThat(token.top().get(2).logprob()).isEqualTo(token.chosen().logprob());
          }
        }
      }
    }
    assertThat(tokens).hasSize(60).isEqualTo(chosen);
    assertThat(previous.getFirst()).isEqualTo(-1);
    assertThat(previous.subList(1, 60)).isEqualTo(tokens.subList(0, 59));
  }

  @Test
  void itSeesWhatAGrammarAllows() {
    Sampling sampling = Sampling.builder().grammar(new Sampler.Grammar("root ::= [xyz]{20}", "root")).seed(3).build();
    LogitProcessor noX =
        candidates -> {
          assertThat(candidates.size()).isLessThanOrEqualTo(64);
          for (int i = 0; i < candidates.size(); i++) {
            if (new String(model.vocabulary().piece(candidates.token(i)), java.nio.charset.StandardCharsets.UTF_8)
                .contains("x")) {
              candidates.forbid(i);
            }
          }
        };
    assertThat(generate(options(sampling, noX)).await().text()).matches("[yz]{20}");
  }

  @Test
  void oneThatThrowsEndsItsOwnGenerationOnly() {
    IllegalStateException fault = new IllegalStateException("a bug");
    LogitProcessor broken =
        candidates -> {
          if (candidates.step() == 5) {
            throw fault;
          }
        };
    Generation other = generate(options(Sampling.greedy(), candidates -> {}));
    assertThatThrownBy(() -> generate(options(Sampling.greedy(), broken)).await())
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.PROCESSOR_FAILED))
        .hasMessageContaining("a bug")
        .hasRootCause(fault);
    assertThat(other.await().usage().completionTokens()).isEqualTo(60);
  }

  @Test
  void oneThatForbidsAllOrWritesNonsenseFails() {
    LogitProcessor nothing =
        candidates -> {
          for (int i = 0; i < candidates.size(); i++) {
            candidates.forbid(i);
          }
        };
    LogitProcessor nonsense = candidates -> candidates.logit(0, Float.NaN);
    for (LogitProcessor processor : List.of(nothing, nonsense)) {
      assertThatThrownBy(() -> generate(options(Sampling.greedy(), processor)).await())
          .isInstanceOfSatisfying(
              GenerationException.class,
              failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.PROCESSOR_FAILED));
    }
  }

  @Test
  void oneThatIsStuckStopsNobodyAndIsEndedWhenItsTimeIsOver() {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    LogitProcessor stuck =
        candidates -> {
          entered.countDown();
          try {
            never.await();
          } catch (InterruptedException wanted) {
            interrupted.countDown();
          }
        };
    GenerationOptions slow =
        options(Sampling.greedy(), stuck).toBuilder()
            .processing(
                LogitProcessing.builder(() -> stuck).timeLimit(Duration.ofMillis(400)).maxCandidates(16).build())
            .build();
    Generation waiting = generate(slow);
    assertThatThrownBy(
            () -> {
              entered.await();
              // The others are served while it is stuck.
              GenerationOptions plain = GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(30).build();
              assertThat(generate(plain).await().usage().completionTokens()).isEqualTo(30);
              waiting.await();
            })
        .isInstanceOfSatisfying(
            GenerationException.class,
            failed -> assertThat(failed.reason()).isEqualTo(GenerationException.Reason.PROCESSOR_FAILED))
        .hasMessageContaining("longer than 400");
    assertThat(interrupted.getCount() == 0 || await(interrupted)).isTrue();
  }

  private static boolean await(CountDownLatch latch) {
    try {
      latch.await();
      return true;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void cancellingInterruptsIt() throws InterruptedException {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    LogitProcessor stuck =
        candidates -> {
          entered.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException wanted) {
            interrupted.countDown();
          }
        };
    try (Generation generation = generate(options(Sampling.greedy(), stuck))) {
      entered.await();
      generation.cancel();
      assertThat(generation.await().reason()).isEqualTo(FinishReason.CANCELLED);
    }
    interrupted.await();
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    assertThatThrownBy(
            () -> LogitProcessing.builder(() -> candidates -> {}).timeLimit(Duration.ZERO).maxCandidates(1).build())
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> LogitProcessing.builder(() -> candidates -> {}).timeLimit(LONG).maxCandidates(0).build())
        .isInstanceOf(InvalidRequestException.class);
  }
}
