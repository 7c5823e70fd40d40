package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Greedy output with shared beginnings against greedy output from scratch, on llama.cpp. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(120)
class SharedPrefixTest {
  @Parameter private KvLayout layout;

  @TempDir Path folder;

  @Test
  void aConversationIsComputedFromWhereItEnded() {
    try (Model model = Model.load(TestFiles.demoModel());
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().kvLayout(layout).build())) {
      ChatMessage question = ChatMessage.user("Tell me a joke");
      Completion first =
          engine
              .generate(ChatRequest.of(question).with(GreedyOutput.OPTIONS.toBuilder().maxTokens(100).build()))
              .await();
      assertThat(first.usage().cachedTokens()).isZero();
      Completion second =
          engine
              .generate(
                  ChatRequest.of(question, ChatMessage.assistant(first.text()), ChatMessage.user("another one please"))
                      .with(GreedyOutput.OPTIONS))
              .await();
      assertThat(second.usage().cachedTokens()).isGreaterThan(first.usage().promptTokens());
    }
  }

  @ParameterizedTest
  @EnumSource(TinySpec.Architecture.class)
  void randomTrafficGivesWhatAnEngineWithoutReuseGives(TinySpec.Architecture architecture) {
    TinySpec spec =
        TinySpec.defaults()
            .withArchitecture(architecture)
            .withEnd(TinySpec.End.NEVER)
            .withContextLength(512)
            .withSlidingWindow(32);
    Path file = TinyModels.write(folder.resolve("tiny.gguf"), spec);
    EngineConfig config =
        TestEngines.config().toBuilder()
            .kvLayout(layout)
            .slots(4)
            .contextSize(layout == KvLayout.SPLIT ? 2048 : 1024)
            .queueLimit(100)
            .build();
    Random random = new Random(9);
    List<int[]> prompts = new ArrayList<>();
    int[] family = random.ints(200, 'a', 'z').toArray();
    for (int i = 0; i < 40; i++) {
      int common = 1 + random.nextInt(family.length);
      int[] prompt = Arrays.copyOf(family, common + 1 + random.nextInt(10));
      for (int k = common; k < prompt.length; k++) {
        prompt[k] = 'a' + random.nextInt(26);
      }
      prompts.add(prompt);
    }
    try (Model model = Model.load(file);
        Engine plain = Engine.start(model, config.toBuilder().reusePrefixes(false).slots(1).build());
        Engine sharing = Engine.start(model, config)) {
      List<Generation> running = new ArrayList<>();
      prompts.forEach(prompt -> running.add(sharing.generate(CompletionRequest.of(prompt).with(GreedyOutput.OPTIONS))));
      int compared = 0;
      for (int i = 0; i < prompts.size(); i++) {
        List<TokenLogprobs> alone =
            GreedyOutput.read(plain.generate(CompletionRequest.of(prompts.get(i)).with(GreedyOutput.OPTIONS)));
        compared += GreedyOutput.compare(i, alone, GreedyOutput.read(running.get(i)));
      }
      assertThat(compared).as("tokens compared").isGreaterThan(200);
      long all = prompts.stream().mapToLong(prompt -> prompt.length).sum();
      assertThat(sharing.stats().promptTokens()).as("shared something").isLessThan(all);
    }
  }
}
