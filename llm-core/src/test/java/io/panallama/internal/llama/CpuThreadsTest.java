package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.GenerationException;
import io.panallama.generation.Generation;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several engines on one model, all of them with a thread for every processor. */
@Timeout(120)
class CpuThreadsTest {
  private static final int PROCESSORS = Processors.count();
  private static final List<String> PROMPTS = List.of("one", "another one", "and a third");

  /** Few: on a machine that is busy with other things, a step of threads that spin takes a hundred times as long. */
  private static final int TOKENS = 12;

  @TempDir Path folder;
  private Model model;
  private int poolsBefore;

  @BeforeEach
  void load() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf")));
    poolsBefore = CpuThreads.pools();
  }

  @AfterEach
  void close() {
    model.close();
    assertThat(CpuThreads.pools()).as("pools that are left").isEqualTo(poolsBefore);
  }

  private Engine start(int threads) {
    return Engine.start(
        model, TestEngines.config().toBuilder().threads(threads).batchThreads(threads).slots(2).build());
  }

  private static CompletionRequest request(String prompt, int tokens) {
    return CompletionRequest.of(prompt)
        .with(GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(tokens).build());
  }

  @Test
  void enginesThatComputeTogetherGiveWhatEachGivesAlone() {
    List<String> alone = new ArrayList<>();
    try (Engine engine = start(PROCESSORS)) {
      PROMPTS.forEach(prompt -> alone.add(engine.generate(request(prompt, TOKENS)).await().text()));
    }
    try (Engine first = start(PROCESSORS);
        Engine second = start(PROCESSORS);
        Engine third = start(PROCESSORS)) {
      List<Generation> running = new ArrayList<>();
      for (int i = 0; i < PROMPTS.size(); i++) {
        running.add(List.of(first, second, third).get(i).generate(request(PROMPTS.get(i), TOKENS)));
      }
      assertThat(running.stream().map(generation -> generation.await().text())).isEqualTo(alone);
    }
  }

  @Test
  void enginesOfOneSizeShareAPoolAndTheLastOneEndsIt() {
    assumeThat(PROCESSORS).as("one processor needs no pool").isGreaterThan(1);
    Engine first = start(PROCESSORS);
    try (Engine second = start(PROCESSORS);
        Engine single = start(1)) {
      assertThat(CpuThreads.pools()).isEqualTo(poolsBefore + 1);
      first.close();
      assertThat(CpuThreads.pools()).isEqualTo(poolsBefore + 1);
      assertThat(second.generate(request("goes on", 5)).await().usage().completionTokens()).isEqualTo(5);
      assertThat(single.generate(request("goes on", 5)).await().usage().completionTokens()).isEqualTo(5);
    }
    assertThat(CpuThreads.pools()).isEqualTo(poolsBefore);
  }

  @Test
  void anEngineIsClosedWhileTheOthersCompute() {
    try (Engine staying = start(PROCESSORS)) {
      Generation answer = staying.generate(request("staying", 3 * TOKENS));
      for (int i = 0; i < 3; i++) {
        Engine leaving = start(PROCESSORS);
        Generation generation = leaving.generate(request("leaving", GenerationOptions.UNLIMITED));
        generation.iterator().next();
        leaving.close();
        assertThatThrownBy(generation::await).isInstanceOf(GenerationException.class);
      }
      assertThat(answer.await().usage().completionTokens()).isEqualTo(3 * TOKENS);
    }
  }

  @Test
  void aStepThatWaitsForItsTurnIsAborted() {
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(1)
            .contextSize(256)
            .batchSize(64)
            .microBatchSize(64)
            .threads(PROCESSORS)
            .batchThreads(PROCESSORS)
            .build();
    CpuGate.Lane lane = new CpuGate.Lane();
    CpuGate.Turn everything = CpuThreads.GATE.turn(PROCESSORS, lane, () -> false);
    ModelHandle handle = ModelHandle.load(folder.resolve("tiny.gguf"), ModelConfig.defaults());
    try (NativeDecoder decoder = NativeDecoder.create(handle, config)) {
      decoder.batch().addToken('a', 0, 0, true);
      assertThat(CpuThreads.GATE.enter(everything)).isTrue();
      Thread waiting = Thread.currentThread();
      CompletableFuture<Void> abort =
          CompletableFuture.runAsync(() -> {
            while (waiting.getState() != Thread.State.WAITING) {
              Thread.onSpinWait();
            }
            decoder.requestAbort();
          });
      assertThat(decoder.decode()).isEqualTo(NativeDecoder.Status.ABORTED);
      abort.join();
      CpuThreads.GATE.leave(everything);
      decoder.clearAbort();
      assertThat(decoder.decode()).isEqualTo(NativeDecoder.Status.OK);
    } finally {
      handle.close();
    }
  }
}
