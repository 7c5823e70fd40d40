package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.EngineConfig;
import io.panallama.config.SpillConfig;
import io.panallama.generation.Generation;
import io.panallama.generation.TokenLogprobs;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Readers that do not read, on llama.cpp: others get their slots, and they lose nothing. */
@Timeout(120)
class SlowReaderTest {
  private static final int SLOTS = 8;
  private static final int MAILBOX = 16;

  @TempDir private Path folder;

  /** More tokens than a mailbox holds, whatever the rounding: a grammar that lost its place would write something else. */
  private static final String DICTATED = "0123456789 ".repeat(8);

  private static CompletionRequest greedy(int number) {
    int[] prompt = new Random(number).ints(50, 'a', 'z').toArray();
    return CompletionRequest.of(prompt).with(GreedyOutput.OPTIONS.toBuilder().maxTokens(80).build());
  }

  private static CompletionRequest dictated(int number) {
    ResponseFormat grammar = new ResponseFormat.Gbnf("root ::= \"" + DICTATED + "\" .*", "root");
    return greedy(number).with(GenerationOptions.builder().maxTokens(200).format(grammar).build());
  }

  private Path model(TinySpec.Architecture architecture) {
    TinySpec spec =
        TinySpec.defaults().withArchitecture(architecture).withEnd(TinySpec.End.NEVER).withContextLength(512);
    return TinyModels.write(folder.resolve("tiny.gguf"), spec);
  }

  @ParameterizedTest
  @EnumSource(TinySpec.Architecture.class)
  void theirSlotsAreGivenOnAndTheirAnswersAreTheSame(TinySpec.Architecture architecture) throws Exception {
    theirSlotsAreGivenOn(architecture, SpillConfig.toMemory(1 << 26));
  }

  @Test
  void withoutCopiesTheirStatesAreComputedAgain() throws Exception {
    theirSlotsAreGivenOn(TinySpec.Architecture.TRANSFORMER, SpillConfig.none());
  }

  private void theirSlotsAreGivenOn(TinySpec.Architecture architecture, SpillConfig spill) throws Exception {
    EngineConfig config =
        TestEngines.config().toBuilder()
            .slots(SLOTS)
            .contextSize(4096)
            .queueLimit(100)
            .mailboxCapacity(MAILBOX)
            .spill(spill)
            .build();
    try (Model model = Model.load(model(architecture));
        Engine alone = Engine.start(model, config.toBuilder().reusePrefixes(false).slots(1).build());
        Engine engine = Engine.start(model, config)) {
      List<Generation> unread = new ArrayList<>();
      for (int i = 0; i < SLOTS; i++) {
        unread.add(engine.generate(i % 2 == 0 ? greedy(i) : dictated(i)));
      }
      while (engine.stats().generatedTokens() < SLOTS * MAILBOX) {
        Thread.sleep(1);
      }
      List<Generation> others = new ArrayList<>();
      for (int i = 0; i < SLOTS; i++) {
        others.add(engine.generate(greedy(100 + i)));
      }
      for (int i = 0; i < SLOTS; i++) {
        compare(100 + i, alone, others.get(i));
      }
      assertThat(engine.stats().preemptions()).isPositive();
      for (int i = 0; i < SLOTS; i++) {
        if (i % 2 == 0) {
          compare(i, alone, unread.get(i));
        } else {
          assertThat(unread.get(i).await().text()).startsWith(DICTATED);
        }
      }
    }
  }

  private static void compare(int number, Engine alone, Generation generation) {
    List<TokenLogprobs> tokens = GreedyOutput.read(generation);
    assertThat(tokens).hasSize(80);
    GreedyOutput.compare(number, GreedyOutput.read(alone.generate(greedy(number))), tokens);
  }
}
