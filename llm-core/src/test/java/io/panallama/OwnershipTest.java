package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.llama.EngineDefaults;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who owns what, and what happens in the wrong order. */
@Timeout(120)
class OwnershipTest {
  private static final GenerationOptions GREEDY = GenerationOptions.builder().sampling(Sampling.greedy()).build();

  private static Model model() {
    return Model.load(TestFiles.demoModel());
  }

  @Test
  void everythingMayBeClosedTwice() {
    Model model = model();
    Engine engine = Engine.start(model, TestEngines.config());
    Generation generation = engine.generate(ChatRequest.of("Hello"));
    generation.close();
    generation.close();
    engine.close();
    engine.close();
    model.close();
    model.close();
  }

  @Test
  void aClosedModelRefusesEverythingNew() {
    Model model = model();
    model.close();
    assertThatThrownBy(() -> Engine.start(model, TestEngines.config()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> model.tokenizer().tokenize("Hello", true, false))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> model.render(ChatRequest.of("Hello"))).isInstanceOf(IllegalStateException.class);
    assertThat(model.vocabulary().size()).isEqualTo(2048);
    assertThat(model.architecture()).isEqualTo("llama");
  }

  @Test
  void anEngineKeepsTheWeightsOfAClosedModel() {
    Model model = model();
    try (Engine engine = Engine.start(model, TestEngines.config())) {
      Generation running = engine.generate(ChatRequest.of("Tell me a story").with(GREEDY));
      model.close();
      assertThat(running.await().reason()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void anEngineGoesOnAfterItsModelWasClosed() {
    Model model = model();
    Engine engine = Engine.start(model, TestEngines.config());
    try (engine) {
      model.close();
      model.close();
      ChatRequest hello = ChatRequest.of("Hello").with(GREEDY);
      Completion answer = engine.generate(hello).await();
      assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
      assertThat(engine.render(hello)).contains("Hello");
      assertThat(engine.countTokens(hello)).isEqualTo(answer.usage().promptTokens());
      assertThat(engine.countTokens("Hello")).isPositive();
      assertThat(engine.ask("Hello")).isNotEmpty();
      assertThat(engine.model().tokenizer().tokenize("Hello", false, false)).hasSize(engine.countTokens("Hello"));
      assertThat(engine.model().render(hello)).isEqualTo(engine.render(hello));
      assertThatThrownBy(() -> Engine.start(model, TestEngines.config())).isInstanceOf(IllegalStateException.class);
    }
    assertThat(model.handle().isClosed()).isTrue();
    assertThatThrownBy(() -> model.tokenizer().tokenize("Hello", false, false))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> engine.countTokens("Hello")).isInstanceOf(EngineClosedException.class);
  }

  @Test
  void aModelOutlivesItsEngines() {
    try (Model model = model()) {
      Engine engine = Engine.start(model, TestEngines.config());
      assertThat(engine.state()).isEqualTo(EngineState.RUNNING);
      engine.close();
      assertThat(engine.state()).isEqualTo(EngineState.CLOSED);
      assertThatThrownBy(() -> engine.ask("Hello")).isInstanceOf(EngineClosedException.class);
      assertThatThrownBy(() -> engine.openSession().say("Hello")).isInstanceOf(EngineClosedException.class);
      assertThat(model.handle().isClosed()).isFalse();
      assertThat(model.render(ChatRequest.of("Hello"))).contains("Hello");
    }
  }

  @Test
  void closingTheEngineEndsEightRunningGenerations() {
    try (Model model = model()) {
      Engine engine = Engine.start(model, TestEngines.config());
      List<Generation> running = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        running.add(engine.generate(ChatRequest.of("Tell me a story").with(TestEngines.endless(model))));
      }
      running.forEach(generation -> generation.iterator().next());
      engine.close();
      for (Generation generation : running) {
        assertThatThrownBy(generation::await)
            .isInstanceOfSatisfying(
                GenerationException.class,
                ended -> assertThat(ended.reason()).isEqualTo(GenerationException.Reason.ENGINE_CLOSED));
      }
      assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello"))).isInstanceOf(EngineClosedException.class);
    }
  }

  @Test
  void severalEnginesRunOnOneModel() {
    try (Model model = model();
        Engine first = Engine.start(model, TestEngines.config().toBuilder().slots(2).build());
        Engine second = Engine.start(model, TestEngines.config().toBuilder().slots(3).contextSize(512).build())) {
      ChatRequest request = ChatRequest.of("What is the capital of France?").with(GREEDY);
      assertThat(first.generate(request).await().text()).isEqualTo(second.generate(request).await().text());
      assertThat(second.sequenceContextSize()).isEqualTo(512);
    }
  }

  @Test
  void theDecoderBelongsToItsThread() {
    try (Model model = model()) {
      EngineConfig config =
          EngineDefaults.resolve(
              TestEngines.config().toBuilder().slots(1).build(), model.sizeBytes(), model.trainedContextSize());
      try (NativeDecoder decoder = NativeDecoder.create(model.handle(), config)) {
        assertThatThrownBy(() -> CompletableFuture.runAsync(() -> decoder.batch().addToken(1, 0, 0, true)).join())
            .isInstanceOf(CompletionException.class)
            .hasCauseInstanceOf(WrongThreadException.class);
      }
    }
  }

  @Test
  void aClosedDecoderDoesNotAskItsModelForAFingerprint() {
    Model model = model();
    EngineConfig config =
        EngineDefaults.resolve(
            TestEngines.config().toBuilder().slots(1).build(), model.sizeBytes(), model.trainedContextSize());
    NativeDecoder decoder = NativeDecoder.create(model.handle(), config);
    model.close();
    decoder.close();
    assertThatThrownBy(decoder.states()::fingerprint)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void theDecoderRefusesWhatLlamaCppWouldOnlyAssert() {
    try (Model model = model()) {
      EngineConfig config =
          EngineDefaults.resolve(
              TestEngines.config().toBuilder().slots(2).reusePrefixes(false).build(),
              model.sizeBytes(),
              model.trainedContextSize());
      try (NativeDecoder decoder = NativeDecoder.create(model.handle(), config)) {
        assertThatThrownBy(() -> decoder.batch().addToken(-1, 0, 0, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> decoder.batch().addToken(2048, 0, 0, true))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> decoder.batch().addToken(1, 0, 2, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> decoder.batch().addToken(1, -1, 0, true)).isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void aContextLargerThanTheMemoryIsRefusedBeforeItIsTaken() {
    try (Model model = model()) {
      EngineConfig huge =
          TestEngines.config().toBuilder().contextSize(2_000_000_000).kvLayout(KvLayout.UNIFIED).build();
      assertThatThrownBy(() -> Engine.start(model, huge))
          .isInstanceOfSatisfying(
              EngineStartException.class,
              refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.INSUFFICIENT_MEMORY))
          .hasMessageContaining("2000000000 tokens");
    }
  }

  @Test
  void aFullQueueRefuses() {
    try (Model model = model();
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).queueLimit(1).build())) {
      Generation running = engine.generate(ChatRequest.of("Tell me a story").with(TestEngines.endless(model)));
      Generation waiting = engine.generate(ChatRequest.of("Tell me a story").with(TestEngines.endless(model)));
      assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello"))).isInstanceOf(EngineBusyException.class);
      waiting.close();
      running.close();
    }
  }
}
