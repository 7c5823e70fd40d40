package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Leaving while llama.cpp computes a prompt of thousands of tokens in a single step. */
@Timeout(120)
class NativeAbortTest {
  private static final int CONTEXT = 16_384;

  @TempDir Path folder;
  private Model model;
  private Engine engine;

  @BeforeEach
  void start() {
    TinySpec spec = TinySpec.defaults().withSize(4, 256, 4).withContextLength(CONTEXT).withEnd(TinySpec.End.NEVER);
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
    engine =
        Engine.start(model, TestEngines.config().toBuilder().slots(2).contextSize(CONTEXT).batchSize(CONTEXT).build());
  }

  @AfterEach
  void close() {
    engine.close();
    model.close();
  }

  /** Starts a generation and returns while its prompt is being computed. */
  private EngineGeneration startLongPrefill() {
    int[] prompt = new int[CONTEXT - 100];
    Arrays.fill(prompt, 'a');
    EngineGeneration generation = (EngineGeneration) engine.generate(CompletionRequest.of(prompt));
    while (!generation.isPrefilling()) {
      Thread.onSpinWait();
    }
    return generation;
  }

  @Test
  void cancelEndsAPrefillInTheMiddleOfItsStep() {
    EngineGeneration generation = startLongPrefill();
    generation.cancel();
    assertThat(generation.await().reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(engine.stats().promptTokens()).as("prompt tokens of finished steps").isZero();
  }

  @Test
  void aNeighbourInTheAbortedStepIsComputedAgain() {
    GenerationOptions options = GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(20).build();
    String alone = engine.generate(CompletionRequest.of("neighbour").with(options)).await().text();
    EngineGeneration leaving = startLongPrefill();
    Generation neighbour = engine.generate(CompletionRequest.of("neighbour").with(options));
    leaving.close();
    assertThat(neighbour.await().text()).isEqualTo(alone);
  }

  @Test
  void closingTheEngineDoesNotWaitForThePrefill() {
    EngineGeneration generation = startLongPrefill();
    engine.close();
    assertThatThrownBy(generation::await)
        .isInstanceOfSatisfying(
            GenerationException.class,
            ended -> assertThat(ended.reason()).isEqualTo(GenerationException.Reason.ENGINE_CLOSED));
    assertThat(engine.stats().promptTokens()).isZero();
  }
}
