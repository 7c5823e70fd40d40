package io.panallama.testkit.synthesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.panallama.Model;
import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.ModelPreflight;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Complete models of every architecture, and the changes to them with which llama.cpp ends its process. */
class DeadlyModelsTest {
  @TempDir Path folder;

  @Test
  void modelsOfAllArchitecturesPassThePreflight() throws IOException {
    List<ModelRecipe> recipes = GgufFuzzTest.recipes();
    assertThat(recipes).hasSizeGreaterThanOrEqualTo(140);
    for (ModelRecipe recipe : recipes) {
      GgufFile file = GgufFile.read(recipe.write(folder.resolve(recipe.architecture() + ".gguf"), 1));
      assertThatNoException().as(recipe.toString()).isThrownBy(() -> ModelPreflight.check(file));
    }
  }

  /** Architecture, changes ({@code NAME=} removes a key or tensor, {@code +NAME=} adds a tensor), and what the error says. */
  static Stream<Arguments> changes() {
    return Stream.of(
        arguments(
            "no gating function", "dots1", "expert_gating_func=", "expert_gating_func is missing, expected 1 to 4"),
        arguments("unknown gating function", "afmoe", "expert_gating_func=u32 5", "is 5, expected 0 to 4"),
        arguments("only attention", "lfm2", "attention.head_count_kv=u32s 2 2", "nowhere 0"),
        arguments("only recurrence", "plamo2", "attention.head_count_kv=u32s 0 0", "0 everywhere"),
        arguments("only attention", "nemotron_h", "attention.head_count_kv=u32s 2 2 2", "leave no recurrent layer"),
        arguments("only attention", "qwen35", "full_attention_interval=u32 1", "is 1, expected 2 to 2"),
        arguments("all of a head rotated", "deepseek2", "rope.dimension_count=u32 48", "less than a head of 48"),
        arguments("another key", "deepseek2", "attention.key_length=u32 64", "attention.key_length is 64, expected 48"),
        arguments("mixing left out", "rwkv6", "blk.1.time_mix_lerp_fused.weight=", "blk.1.time_mix_lerp_fused.weight"),
        arguments("half a vector", "rwkv7", "wkv.head_size=u32 32", "a multiple of 64"),
        arguments("no divisor", "rwkv6", "wkv.head_size=u32 24", "expected a divisor of embedding_length, 64"),
        arguments("too many layers", "wavtokenizer-dec", "posnet.block_count=u32 3", "is 3, expected 0 to 2"),
        arguments("too few slots", "hrm_text", "hrm.h_cycles=u32 3", "block_count is 8, expected 12"),
        arguments("too few groups", "grovemoe", "experts_per_group=u32 2", "expected at most 1"),
        arguments("too many rows", "qwen3tts", "+output.weight=F32 64 4000", "output.weight has 4000 rows"),
        arguments("no bias", "falcon-h1", "blk.1.ssm_conv1d.bias=", "blk.1.ssm_conv1d.bias is missing"),
        arguments("no index", "glm-dsa", "blk.1.indexer.proj.weight=", "blk.1.indexer.proj.weight is missing"),
        arguments(
            "another base", "deepseek2-ocr", "rope.freq_base=f32 20000", "rope.freq_base is 20000.0, expected 10000"),
        arguments("another head", "deepseek2-ocr", "attention.key_length=u32 16", "key_length is 16, expected 32"),
        arguments("no safe gate", "bailingmoe3", "kda.safe_gate=bool false", "kda.safe_gate is false, expected true"),
        arguments("quantised vector", "rwkv7", "+blk.0.time_mix_a0.weight=Q8_0 64", "one dimension and is of type"),
        arguments("no sections", "qwen2vl", "rope.dimension_sections=u32s 0 0 0 8", "rope.dimension_sections"),
        arguments(
            "large sections", "qwen3vl", "rope.dimension_sections=u32s 16 8 8 8", "has the sum 40, expected at most"),
        arguments("groups of no experts", "qwen3", "expert_group_count=u32 2", "expert_group_count"),
        arguments("groups of one expert", "hunyuan_vl", "expert_group_count=u32 2", "expert_group_count"),
        arguments(
            "state-space heads", "mamba2", "ssm.time_step_rank=u32 3", "time_step_rank is 3, expected a divisor of"),
        arguments(
            "more than an int", "minimax-m3", "attention.indexer.top_k=u32 4294967295", "indexer.top_k is 4294967295"),
        arguments("streams", "deepseek4", "hyper_connection.count=u32 2", "hyper_connection.count is 2, expected 4"));
  }

  @ParameterizedTest(name = "{1}: {0}")
  @MethodSource("changes")
  void whatEndsLlamaCppIsRefusedByName(String kind, String architecture, String change, String expected)
      throws IOException {
    ModelRecipe recipe = recipe(architecture);
    String[] sides = change.split("=", 2);
    if (sides[0].startsWith("+")) {
      recipe.tensors().put(sides[0].substring(1), sides[1]);
    } else if (sides[1].isEmpty()) {
      recipe.keys().remove(sides[0]);
      recipe.tensors().remove(sides[0]);
    } else {
      recipe.keys().put(sides[0], sides[1]);
    }
    Path file = recipe.write(folder.resolve("changed.gguf"), 1);

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelPreflight.check(GgufFile.read(file)))
        .withMessageContaining(file.toString())
        .withMessageContaining(expected);
  }

  /** A token of another kind stands where each name points, but the file is one that llama.cpp accepts. */
  @Test
  void shuffledTokensAreRefusedOrTokenize() throws IOException {
    for (int seed = 0; seed < 3; seed++) {
      int rotation = 1 + 37 * seed;
      Path file =
          recipe("llama")
              .write(
                  folder.resolve("shuffled-" + seed + ".gguf"),
                  1,
                  texts -> {
                    List<String> shuffled = new ArrayList<>(texts);
                    Collections.rotate(shuffled, rotation);
                    return shuffled;
                  });
      try (Model model = Model.load(file)) {
        assertThat(model.tokenizer().tokenize("Hello, World 123", true, true)).isNotEmpty();
      } catch (ModelLoadException refused) {
        assertThat(refused).hasMessageContaining(file.toString());
      }
    }
  }

  private static ModelRecipe recipe(String architecture) throws IOException {
    return GgufFuzzTest.recipes().stream()
        .filter(recipe -> recipe.architecture().equals(architecture))
        .findFirst()
        .orElseThrow()
        .copy("changed");
  }
}
