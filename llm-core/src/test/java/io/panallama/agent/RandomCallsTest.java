package io.panallama.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TestEngines;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Range;
import io.panallama.typed.annotation.Size;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a model calls can be called, also one that calls with anything.
 *
 * <p>{@code -Dpanallama.test.generations=1000} makes as many for each tool; a few by default.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class RandomCallsTest {
  private static final int GENERATIONS = Integer.getInteger("panallama.test.generations", 4);

  static final class Left {
    record Tree(boolean leaf, @Size(max = 1) List<Tree> branches) {}

    @ToolMethod("Takes a tree")
    int left(Tree tree, @Range(min = -5, max = 5) int shift) {
      return tree.branches().size() + shift;
    }
  }

  /** Its tree has the name of the other one, in the same grammar. */
  static final class Right {
    record Tree(@Range(min = 0, max = 9) int depth, Optional<Tree> next) {}

    sealed interface When {}

    record On(LocalDate day) implements When {}

    record Never() implements When {}

    @ToolMethod("Takes another tree")
    int right(Tree tree, When when) {
      return tree.depth();
    }

    @ToolMethod("Takes texts")
    String texts(@Length(max = 8) String one, @Size(max = 2) List<@Length(max = 8) String> more) {
      return one + more;
    }
  }

  @Test
  void whateverIsCalledHasAResult(@TempDir Path folder) {
    ToolBox tools = ToolBox.of(new Left(), new Right());
    try (Model model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults()));
        Engine engine = Engine.start(model, TestEngines.config())) {
      for (Tool tool : tools.tools().list()) {
        int whole = 0;
        for (int seed = 0; seed < GENERATIONS; seed++) {
          // Even the least likely token comes now and then.
          Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
          GenerationOptions options =
              GenerationOptions.builder()
                  .sampling(sampling)
                  .maxTokens(400)
                  .format(new ResponseFormat.JsonSchema(tool.parameters()))
                  .build();
          Completion answer = engine.generate(CompletionRequest.of("Call: ").with(options)).await();
          if (answer.reason() == FinishReason.STOP) {
            assertThat(tools.call(new ToolCall("1", tool.name(), answer.text())))
                .as("%s of seed %s", answer.text(), seed)
                .isInstanceOf(ToolOutcome.Result.class);
            whole++;
          }
        }
        assertThat(whole).as("calls of %s that were not cut off", tool.name()).isGreaterThanOrEqualTo(GENERATIONS / 2);
      }
    }
  }

  /** llama.cpp makes one grammar of all tools of a request, in which a definition's name stands for one rule. */
  @Test
  void typesOfOneNameHaveDefinitionsOfTheirOwn() {
    ToolBox tools = ToolBox.of(new Left(), new Right());
    assertThat(tools.tools().list())
        .extracting(tool -> tool.parameters().contains("#/$defs/Tree\""))
        .containsExactly(true, false, false);
    assertThat(tools.tools().list())
        .extracting(tool -> tool.parameters().contains("#/$defs/TreeN2\""))
        .containsExactly(false, true, false);
  }
}
