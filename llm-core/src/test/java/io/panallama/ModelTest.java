package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.EngineStartException;
import io.panallama.error.ModelLoadException;
import io.panallama.generation.Generation;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.BrokenModels;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.vocabulary.VocabularyType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelTest {
  @TempDir Path folder;

  @Test
  void tellsWhatTheFileSays() {
    try (Model model = Model.load(TestFiles.demoModel())) {
      assertThat(model.architecture()).isEqualTo("llama");
      assertThat(model.parameterCount()).isEqualTo(2_312_640);
      assertThat(model.trainedContextSize()).isEqualTo(1024);
      assertThat(model.layerCount()).isEqualTo(6);
      assertThat(model.embeddingSize()).isEqualTo(192);
      assertThat(model.vocabulary().size()).isEqualTo(2048);
      assertThat(model.vocabulary().type()).isEqualTo(VocabularyType.BPE);
      assertThat(model.chatTemplate()).get().asString().contains("<|im_start|>");
      assertThat(model.metadata()).containsEntry("general.architecture", "llama");
      assertThat(model.recommendedSampling().chain())
          .contains(new Sampler.Temperature(0.6f), new Sampler.TopK(40), new Sampler.MinP(0.05f, 1));
    }
  }

  @Test
  void piecesOfATextGiveTheTextAndControlTokensNone() {
    try (Model model = Model.load(TestFiles.demoModel())) {
      Vocabulary vocabulary = model.vocabulary();
      int endOfTurn = vocabulary.endOfTurn().orElseThrow();
      assertThat(vocabulary.isControl(endOfTurn)).isTrue();
      assertThat(vocabulary.isEndOfGeneration(endOfTurn)).isTrue();
      assertThat(vocabulary.piece(endOfTurn)).isEmpty();
      StringBuilder text = new StringBuilder();
      for (int token : model.tokenizer().tokenize("Hello, llama!", false, false)) {
        text.append(new String(vocabulary.piece(token), StandardCharsets.UTF_8));
      }
      assertThat(text.toString()).isEqualTo("Hello, llama!");
    }
  }

  @Test
  void specialTokensInTextAreTextUnlessAskedFor() {
    try (Model model = Model.load(TestFiles.demoModel())) {
      int endOfTurn = model.vocabulary().endOfTurn().orElseThrow();
      assertThat(model.tokenizer().tokenize("<|im_end|>", false, true)).containsExactly(endOfTurn);
      assertThat(model.tokenizer().tokenize("<|im_end|>", false, false)).doesNotContain(endOfTurn);
    }
  }

  @ParameterizedTest
  @EnumSource(BrokenModels.class)
  void refusesWhatIsNoModelWithAReasonAndTheFileName(BrokenModels broken) {
    Path file = broken.create(folder);
    assertThatThrownBy(() -> Model.load(file))
        .isInstanceOfSatisfying(
            ModelLoadException.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(broken.reason());
              assertThat(refused.path()).isEqualTo(file);
            })
        .hasMessageContaining(file.getFileName().toString())
        .hasMessageNotContaining("\n");
  }

  @Test
  void aVocabularyCanBeLoadedWithoutWeightsAndCannotGenerate() {
    Path file = BrokenModels.VOCABULARY_ONLY.create(folder);
    try (Model model = Model.load(file, ModelConfig.builder().vocabularyOnly(true).build())) {
      assertThat(model.tokenizer().tokenize("abc", false, false)).isNotEmpty();
      assertThatThrownBy(() -> Engine.start(model, TestEngines.config()))
          .isInstanceOfSatisfying(
              EngineStartException.class,
              refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.VOCABULARY_ONLY));
    }
  }

  @Test
  void tellsHowFarItHasLoaded() {
    List<Float> heard = new ArrayList<>();
    ModelConfig config = ModelConfig.builder().listener(progress -> heard.add(progress)).build();
    Model.load(TestFiles.demoModel(), config).close();
    assertThat(heard).isNotEmpty().isSorted().allMatch(progress -> progress >= 0 && progress <= 1);
    assertThat(heard.getLast()).isEqualTo(1);
  }

  @Test
  void theListenerCanStopTheLoad() {
    ModelConfig config = ModelConfig.builder().listener(progress -> false).build();
    assertThatThrownBy(() -> Model.load(TestFiles.demoModel(), config))
        .isInstanceOfSatisfying(
            ModelLoadException.class,
            stopped -> assertThat(stopped.reason()).isEqualTo(ModelLoadException.Reason.CANCELLED));
  }

  @Test
  void aListenerThatThrowsStopsTheLoadAndIsTheCause() {
    IllegalStateException thrown = new IllegalStateException("no more");
    ModelConfig config =
        ModelConfig.builder()
            .listener(progress -> {
              throw thrown;
            })
            .build();
    assertThatThrownBy(() -> Model.load(TestFiles.demoModel(), config))
        .isInstanceOf(ModelLoadException.class)
        .hasCause(thrown);
  }

  @ParameterizedTest
  @EnumSource(LoadMode.class)
  void everyLoadModeGivesTheSameAnswer(LoadMode mode) {
    try (Model model = Model.load(TestFiles.demoModel(), ModelConfig.builder().loadMode(mode).build());
        Engine engine = Engine.start(model, TestEngines.config())) {
      GenerationOptions options = GenerationOptions.builder().sampling(Sampling.greedy()).build();
      assertThat(engine.generate(ChatRequest.of("What is the capital of France?").with(options)).await().text())
          .isEqualTo("The capital of France is Paris.");
    }
  }

  @ParameterizedTest
  @EnumSource(TinySpec.Architecture.class)
  void everyKindOfMemoryGenerates(TinySpec.Architecture architecture) {
    TinySpec spec = TinySpec.defaults().withArchitecture(architecture).withEnd(TinySpec.End.NEVER);
    Path file = TinyModels.write(folder.resolve("tiny.gguf"), spec);
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(3).build())) {
      GenerationOptions options = GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(20).build();
      String alone = engine.generate(CompletionRequest.of("abc").with(options)).await().text();
      assertThat(alone).isNotEmpty();
      List<Generation> together = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        together.add(engine.generate(CompletionRequest.of("abc").with(options)));
      }
      together.forEach(generation -> assertThat(generation.await().usage().completionTokens()).isEqualTo(20));
    }
  }

  @Test
  void aModelWithoutATemplateSaysSo() {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withTemplate(""));
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello")))
          .isInstanceOf(ChatTemplateException.class)
          .hasMessageContaining("template");
    }
  }

  @Test
  void aTemplateThatDoesNotParseSaysSo() {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withTemplate("{% for %}"));
    try (Model model = Model.load(file);
        Engine engine = Engine.start(model, TestEngines.config())) {
      assertThatThrownBy(() -> engine.generate(ChatRequest.of("Hello"))).isInstanceOf(ChatTemplateException.class);
      // Chat is out of the question; everything else is not.
      assertThat(
              engine.generate(CompletionRequest.of("a").with(GenerationOptions.builder().maxTokens(1).build())).await())
          .isNotNull();
    }
  }
}
