package io.panallama.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelPreflightTest {
  private static final TinySpec SPEC = TinySpec.defaults();

  @TempDir Path folder;

  @Test
  void acceptsModelsOfEveryKind() {
    for (TinySpec.Architecture architecture : TinySpec.Architecture.values()) {
      GgufFile file = GgufFile.read(TinyModels.write(folder.resolve("a.gguf"), SPEC.withArchitecture(architecture)));
      assertThatCode(() -> ModelPreflight.check(file)).doesNotThrowAnyException();
    }
  }

  @Test
  void knowsTheArchitecturesOfLlamaCpp050() {
    // LLM_ARCH_NAMES without "(unknown)"; two of them can't be loaded as a language model
    assertThat(Architectures.names()).hasSize(152);
    assertThat(ModelPreflight.architectures())
        .hasSize(150)
        .contains("llama", "qwen3", "gemma3", "mamba", "gpt-oss")
        .doesNotContain("clip", "gptj");
  }

  @Test
  void suggestsArchitecturesThatAreSpelledAlike() {
    assertThat(refused(writer -> writer.put("general.architecture", "llamma")))
        .returns(Reason.UNSUPPORTED_ARCHITECTURE, ModelLoadException::reason)
        .hasMessageContaining("\"llamma\"")
        .hasMessageContaining("similar: llama");
    assertThat(Architectures.nearby("qwen5moe")).contains("qwen2moe", "qwen3moe");
    assertThat(Architectures.nearby("zzzzzzzzzzz")).isEmpty();
    assertThat(refused(writer -> writer.put("general.architecture", "clip"))).hasMessageContaining("another model");
  }

  @Test
  void seesAStringAsLlamaCppDoes() {
    assertThatCode(() -> check(writer -> writer.put("general.architecture", "llama\0zzz"))).doesNotThrowAnyException();
  }

  @Test
  void refusesHyperparametersThatAreAsserted() {
    assertRefused("llama.block_count is 0", writer -> writer.put("llama.block_count", 0));
    assertRefused("llama.block_count is 513", writer -> writer.put("llama.block_count", 513));
    assertRefused("llama.context_length is 0", writer -> writer.put("llama.context_length", 0));
    assertRefused("is of type f32, expected u32", writer -> writer.put("llama.block_count", 2f));
    assertRefused(
        "head_count is 0 or missing",
        writer -> writer.put("llama.attention.head_count", 0).put("llama.rope.dimension_count", 0));
    assertRefused("expected a divisor of 2", writer -> writer.put("llama.attention.head_count_kv", 3));
    assertRefused("needs them equal", writer -> writer.put("llama.attention.value_length", 16));
    assertRefused("the size of a head", writer -> writer.put("llama.rope.dimension_count", 16));
    assertRefused(
        "layer_norm_rms_epsilon is -1.0", writer -> writer.put("llama.attention.layer_norm_rms_epsilon", -1f));
    assertRefused(
        "layer_norm_rms_epsilon is NaN", writer -> writer.put("llama.attention.layer_norm_rms_epsilon", Float.NaN));
    assertRefused("rope.scaling.type", writer -> writer.put("llama.rope.scaling.type", "cubic"));
    assertRefused("pooling_type is 9", writer -> writer.put("llama.pooling_type", 9));
    assertRefused(
        "has 3 elements, expected one for each of the 2 layers",
        writer -> writer.put("llama.attention.head_count", GgufArray.ofIntegers(GgufValueType.INT32, 2, 2, 2)));
  }

  @Test
  void refusesSlidingWindowsAndRotationsThatNeverEnd() {
    TinySpec spec = SPEC.withArchitecture(TinySpec.Architecture.SLIDING_WINDOW);
    assertRefused(
        "leaves no layer to the sliding window", spec, w -> w.put("gemma3.attention.sliding_window_pattern", 1));
    assertRefused("sliding_window is 2147483647", spec, w -> w.put("gemma3.attention.sliding_window", (1L << 31) - 1));
    assertRefused("rope.dimension_count is 0", spec, w -> w.put("gemma3.rope.dimension_count", 0));
  }

  @Test
  void refusesExpertsThatAreAsserted() {
    assertRefused("expert_used_count is 1", writer -> writer.put("llama.expert_used_count", 1));
    assertRefused("expert_used_count is 0", writer -> writer.put("llama.expert_count", 4));
    assertRefused(
        "expert_used_count is 5", writer -> writer.put("llama.expert_count", 4).put("llama.expert_used_count", 5));
    assertRefused("expert_count is 1025", writer -> writer.put("llama.expert_count", 1025));
    assertRefused(
        "expert_group_count is 3",
        writer ->
            writer.put("llama.expert_count", 4).put("llama.expert_used_count", 2).put("llama.expert_group_count", 3));
  }

  @Test
  void refusesVocabulariesThatAreAsserted() {
    assertRefused("model is missing", writer -> writer.remove("tokenizer.ggml.model"));
    assertRefused("expected one of bert, gemma4, gpt2", writer -> writer.put("tokenizer.ggml.model", "word2vec"));
    assertRefused("tokens is empty", writer -> writer.put("tokenizer.ggml.tokens", List.of()));
    assertRefused("expected an array of str", writer -> writer.put("tokenizer.ggml.tokens", GgufArray.ofFloats(1)));
    assertRefused(
        "scores has 1 elements for 320", writer -> writer.put("tokenizer.ggml.scores", GgufArray.ofFloats(1)));
    assertRefused(
        "token_type has 1 elements",
        writer -> writer.put("tokenizer.ggml.token_type", GgufArray.ofIntegers(GgufValueType.INT32, 1)));
    assertRefused("merges is missing", writer -> writer.remove("tokenizer.ggml.merges"));
    assertRefused("pre is \"whitespace\"", writer -> writer.put("tokenizer.ggml.pre", "whitespace"));
    assertRefused("no token for the byte 0x00", writer -> writer.put("tokenizer.ggml.model", "llama"));
    assertRefused("no token for the byte 0x", writer -> writer.put("tokenizer.ggml.model", "rwkv"));
    assertRefused(
        "add_eos_token is on",
        writer ->
            writer
                .put("tokenizer.ggml.model", "gemma4")
                .put("tokenizer.ggml.eos_token_id", 320)
                .put("tokenizer.ggml.add_eos_token", true));
  }

  @Test
  void refusesTokensThatLookTheSameToLlamaCpp() {
    for (String twin : List.of("\0rest", "!\0rest")) {
      List<String> tokens = tokens();
      tokens.set(300, twin);
      tokens.set(301, twin.substring(0, twin.indexOf('\0')) + "\0other");
      if (twin.startsWith("\0")) {
        tokens.set(302, "[EMPTY_300]");
      }
      assertRefused("have the same text", writer -> writer.put("tokenizer.ggml.tokens", tokens));
    }
  }

  @Test
  void toleratesSpecialTokensThatLlamaCppIgnores() {
    assertThatCode(() -> check(writer -> writer.put("tokenizer.ggml.padding_token_id", 0xFFFF_FFFFL)))
        .doesNotThrowAnyException();
  }

  @Test
  void refusesTensorTypesWithoutKernels() throws IOException {
    GgufWriter writer = TinyModels.writer(SPEC);
    writer.tensor("blk.0.extra_norm.weight", GgufType.F16, List.of(32L), FloatSource.constant(0));
    Path path = folder.resolve("n.gguf");
    writer.write(path);
    assertThat(refusal(path)).hasMessageContaining("extra_norm.weight is of type F16, expected F32");
  }

  @Test
  void findsTheOtherFilesOfASplitModel() throws IOException {
    Path first = folder.resolve("s-00001-of-00002.gguf");
    GgufValue two = new GgufValue.Int(GgufValueType.UINT16, 2);
    GgufValue zero = new GgufValue.Int(GgufValueType.UINT16, 0);
    GgufValue one = new GgufValue.Int(GgufValueType.UINT16, 1);
    TinyModels.writer(SPEC).put("split.count", two).put("split.no", zero).write(first);
    assertThat(refusal(first))
        .returns(Reason.NOT_FOUND, ModelLoadException::reason)
        .hasMessageContaining("s-00002-of-00002.gguf");

    Path second = folder.resolve("s-00002-of-00002.gguf");
    new GgufWriter().put("split.no", zero).write(second);
    assertThat(refusal(first)).hasMessageContaining("split.no is 0, expected 1");
    new GgufWriter().put("split.no", one).write(second);
    assertThatCode(() -> ModelPreflight.check(GgufFile.read(first))).doesNotThrowAnyException();
    TinyModels.writer(SPEC).put("split.count", two).put("split.no", one).write(second);
    assertThat(refusal(second)).hasMessageContaining("expected the first one");
  }

  @Test
  void tellsAVocabularyFromAModel() throws IOException {
    Path path = folder.resolve("v.gguf");
    TinyModels.vocabularyWriter(SPEC).write(path);
    GgufFile file = GgufFile.read(path);
    assertThatCode(() -> ModelPreflight.check(file)).doesNotThrowAnyException();
    assertThat(catchThrowableOfType(ModelLoadException.class, () -> ModelPreflight.requireWeights(file)).reason())
        .isEqualTo(Reason.VOCABULARY_ONLY);
  }

  private List<String> tokens() {
    Path path = TinyModels.write(folder.resolve("t.gguf"), SPEC);
    return new ArrayList<>(GgufFile.read(path).array("tokenizer.ggml.tokens").orElseThrow().strings());
  }

  private void check(Consumer<GgufWriter> change) {
    check(SPEC, change);
  }

  private void check(TinySpec spec, Consumer<GgufWriter> change) {
    GgufWriter writer = TinyModels.writer(spec);
    change.accept(writer);
    Path path = folder.resolve("changed.gguf");
    try {
      writer.write(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ModelPreflight.check(GgufFile.read(path));
  }

  private ModelLoadException refused(Consumer<GgufWriter> change) {
    return catchThrowableOfType(ModelLoadException.class, () -> check(change));
  }

  private void assertRefused(String message, Consumer<GgufWriter> change) {
    assertRefused(message, SPEC, change);
  }

  private void assertRefused(String message, TinySpec spec, Consumer<GgufWriter> change) {
    assertThat(catchThrowableOfType(ModelLoadException.class, () -> check(spec, change)))
        .as(message)
        .isNotNull()
        .returns(Reason.CORRUPT, ModelLoadException::reason)
        .hasMessageContaining(message);
  }

  private static ModelLoadException refusal(Path path) {
    return catchThrowableOfType(ModelLoadException.class, () -> ModelPreflight.check(GgufFile.read(path)));
  }
}
