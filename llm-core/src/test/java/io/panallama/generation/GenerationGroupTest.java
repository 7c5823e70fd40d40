package io.panallama.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Generator;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.config.EngineConfig;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.observe.EngineStats;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several generations from one request. */
@Timeout(120)
class GenerationGroupTest {
  private static final int PROMPT = 300;

  @TempDir Path folder;

  private Model model(TinySpec spec) {
    return Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
  }

  /** Few candidates, so that the last bits of the logits, which depend on the batch, hardly ever matter. */
  private static CompletionRequest request(long seed) {
    int[] prompt = IntStream.range(0, PROMPT).map(i -> 'a' + i * i % 26).toArray();
    return CompletionRequest.of(prompt)
        .with(
            GenerationOptions.builder()
                .maxTokens(12)
                .sampling(Sampling.builder().topK(4).temperature(2).seed(seed).build())
                .build());
  }

  @ParameterizedTest
  @EnumSource(TinySpec.Architecture.class)
  void thePromptIsComputedOnce(TinySpec.Architecture architecture) {
    int n = 5;
    EngineConfig config = TestEngines.config().toBuilder().slots(n).build();
    try (Model model = model(TinySpec.defaults().withArchitecture(architecture));
        Engine engine = Engine.start(model, config);
        GenerationGroup group = engine.generateAll(request(1), n)) {
      List<Completion> answers = group.await();
      assertThat(answers)
          .hasSize(n)
          .allSatisfy(answer -> assertThat(answer.usage().promptTokens()).isEqualTo(PROMPT))
          .allSatisfy(answer -> assertThat(answer.usage().completionTokens()).isEqualTo(12));
      assertThat(answers.getFirst().usage().cachedTokens()).isZero();
      // Where a model can't go back, the others begin at the last multiple of 256.
      int shared = architecture == TinySpec.Architecture.RECURRENT ? 256 : PROMPT - 1;
      assertThat(answers.subList(1, n))
          .allSatisfy(answer -> assertThat(answer.usage().cachedTokens()).isGreaterThanOrEqualTo(shared));
      assertThat(engine.stats().promptTokens()).isLessThanOrEqualTo(PROMPT + (n - 1) * (PROMPT - shared));
    }
  }

  @Test
  void theAnswersDifferAndComeAgain() {
    try (Model model = model(TinySpec.defaults());
        Engine engine = Engine.start(model, TestEngines.config())) {
      List<String> first = texts(engine.generateAll(request(7), 4));
      assertThat(texts(engine.generateAll(request(7), 4))).isEqualTo(first);
      assertThat(new HashSet<>(first)).hasSize(4);
      for (int choice = 0; choice < 4; choice++) {
        assertThat(engine.generate(request(7 + choice)).await().text()).isEqualTo(first.get(choice));
      }
    }
  }

  private static List<String> texts(GenerationGroup group) {
    return group.await().stream().map(Completion::text).toList();
  }

  @Test
  void seedsGoRoundBelowTheRandomOne() {
    long last = Sampling.RANDOM_SEED - 1;
    assertThat(seeds(last)).containsExactly(last, 0L, 1L);
    assertThat(seeds(Sampling.RANDOM_SEED)).containsOnly(Sampling.RANDOM_SEED);
  }

  private static List<Long> seeds(long seed) {
    List<Long> seeds = new ArrayList<>();
    Generator recorder =
        request -> {
          seeds.add(request.options().sampling().seed());
          return new Fake();
        };
    assertThat(recorder.generateAll(request(seed), 3).list()).hasSize(3);
    return seeds;
  }

  @Test
  void allOrNone() {
    EngineConfig config = TestEngines.config().toBuilder().slots(1).queueLimit(3).build();
    try (Model model = model(TinySpec.defaults());
        Engine engine = Engine.start(model, config);
        Generation running = engine.generate(CompletionRequest.of("a").with(TestEngines.endless(model)))) {
      assertThatThrownBy(() -> engine.generateAll(request(1), 4))
          .isInstanceOf(EngineBusyException.class)
          .hasMessageContaining("4 generations at once");
      assertThatThrownBy(() -> engine.generateAll(request(1), 5))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("n is 5; it must be 1 to 4");
      assertThatThrownBy(() -> engine.generateAll(request(1), 0)).isInstanceOf(InvalidRequestException.class);
      EngineStats stats = engine.stats();
      assertThat(stats.running() + stats.waiting()).isEqualTo(1);
      try (GenerationGroup group = engine.generateAll(request(1), 3)) {
        assertThatThrownBy(() -> engine.generate(request(1))).isInstanceOf(EngineBusyException.class);
        running.cancel();
        assertThat(group.await()).hasSize(3);
      }
      assertThat(engine.generateAll(request(1), 4).await()).hasSize(4);
    }
  }

  /** Nothing of what was reserved is kept. */
  @Test
  void whatIsRefusedLeavesNoPlaceTaken() {
    EngineConfig config = TestEngines.config().toBuilder().slots(1).queueLimit(1).build();
    try (Model model = model(TinySpec.defaults());
        Engine engine = Engine.start(model, config)) {
      GenerationOptions broken =
          GenerationOptions.builder().format(new ResponseFormat.Gbnf("root ::= missing-rule")).build();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> engine.generateAll(request(1).with(broken), 2))
            .isInstanceOf(InvalidRequestException.class);
      }
      assertThat(engine.generateAll(request(1), 2).await()).hasSize(2);
    }
  }

  @Test
  void oneThreadReadsMoreThanThereAreSlots() {
    EngineConfig config = TestEngines.config().toBuilder().slots(2).mailboxCapacity(2).build();
    try (Model model = model(TinySpec.defaults());
        Engine engine = Engine.start(model, config);
        GenerationGroup group = engine.generateAll(request(3), 7)) {
      assertThat(group.await())
          .hasSize(7)
          .allSatisfy(answer -> assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH));
      assertThatThrownBy(group::await).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closingEndsAll() {
    EngineConfig config = TestEngines.config().toBuilder().slots(2).queueLimit(1).build();
    try (Model model = model(TinySpec.defaults());
        Engine engine = Engine.start(model, config)) {
      CompletionRequest endless = CompletionRequest.of("a").with(TestEngines.endless(model));
      GenerationGroup group = engine.generateAll(endless, 3);
      group.cancel();
      assertThat(group.await()).extracting(Completion::reason).containsOnly(FinishReason.CANCELLED);
      group.close();
      assertThat(engine.generateAll(request(1), 3).await()).hasSize(3);
    }
  }

  @Test
  void aRefusedGenerationClosesThoseBeforeIt() {
    List<Fake> started = new ArrayList<>();
    Generator generator =
        request -> {
          if (started.size() == 2) {
            throw new EngineBusyException(0, Duration.ofSeconds(1));
          }
          started.add(new Fake());
          return started.getLast();
        };
    assertThatThrownBy(() -> generator.generateAll(request(1), 3)).isInstanceOf(EngineBusyException.class);
    assertThat(started).hasSize(2).allMatch(fake -> fake.closed);
  }

  @Test
  void oneFailureEndsTheOthers() {
    List<Fake> started = new ArrayList<>();
    Generator generator =
        request -> {
          started.add(new Fake());
          return started.getLast();
        };
    GenerationGroup group = generator.generateAll(request(1), 3);
    started.get(1).failure =
        Optional.of(
            new GenerationException(GenerationException.Reason.DECODE_FAILED, "broken", new IllegalStateException()));
    assertThatThrownBy(group::await).isInstanceOf(GenerationException.class).hasMessage("broken");
    assertThat(started).allMatch(fake -> fake.cancelled);
  }

  /** A generation that never says anything. */
  private static final class Fake implements Generation {
    private boolean cancelled;
    private boolean closed;
    private Optional<GenerationException> failure = Optional.empty();

    @Override
    public long id() {
      return 1;
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) {
      if (failure.isPresent()) {
        throw failure.get();
      }
      return Optional.empty();
    }

    @Override
    public void cancel() {
      cancelled = true;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
