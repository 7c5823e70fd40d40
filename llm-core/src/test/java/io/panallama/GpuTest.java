package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.ModelConfig;
import io.panallama.generation.Generation;
import io.panallama.observe.Device;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What can only be seen where there is a GPU: the CUDA libraries load, the layers go there, and the answers are the
 * CPU's. Left out of the ordinary build by its tag; {@code .ci/gpu} runs it and nothing else.
 */
@Tag("gpu")
@Timeout(300)
class GpuTest {
  private static final GenerationOptions GREEDY =
      GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(60).topLogprobs(2).build();

  @Test
  void cudaIsFoundAndListsItsDevices() {
    assertThat(NativeRuntime.natives().cudaUnavailable()).isEmpty();
    assertThat(NativeRuntime.natives().backend()).isEqualTo("cuda");
    assertThat(NativeRuntime.devices())
        .anySatisfy(device -> {
          assertThat(device.type()).isEqualTo(Device.Type.GPU);
          assertThat(device.memoryTotal()).isPositive();
        });
  }

  @Test
  void offloadedLayersGiveTheAnswersOfTheCpu() {
    List<String> questions = List.of("What is the capital of France?", "What is 17 + 25?", "Who are you?");
    assertThat(answers(ModelConfig.ALL_LAYERS, questions)).isEqualTo(answers(0, questions));
  }

  private static List<String> answers(int gpuLayers, List<String> questions) {
    try (Model model = Model.load(TestFiles.demoModel(), ModelConfig.builder().gpuLayers(gpuLayers).build());
        Engine engine = Engine.start(model)) {
      List<Generation> running = new ArrayList<>();
      questions.forEach(question -> running.add(engine.generate(ChatRequest.of(question).with(GREEDY))));
      return running.stream().map(generation -> generation.await().text()).toList();
    }
  }

  @Test
  void weightsGoToTheGpuAndComeBack() {
    long before = freeGpuMemory();
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model)) {
      engine.generate(ChatRequest.of("Hello").with(GREEDY)).await();
      assertThat(freeGpuMemory()).isLessThan(before);
    }
  }

  private static long freeGpuMemory() {
    return NativeRuntime.devices().stream()
        .filter(device -> device.type() == Device.Type.GPU)
        .mapToLong(Device::memoryFree)
        .sum();
  }
}
