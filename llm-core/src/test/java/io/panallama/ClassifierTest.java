package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.ScoreFunction;
import io.panallama.testkit.TinyBert;
import io.panallama.testkit.TinyQwen;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Labels from generated encoders with a head. */
class ClassifierTest {
  /** llama.cpp's GELU is a table of 16-bit floats. */
  private static final float CLOSE = 5e-3f;

  private static final TinyBert BERT = new TinyBert(7).withHead(true, "good", "bad", "odd");

  @TempDir private static Path folder;

  private static Path file;
  private static Classifier classifier;

  @BeforeAll
  static void load() {
    file = BERT.write(folder.resolve("classifier.gguf"));
    classifier = Classifier.load(file);
  }

  @AfterAll
  static void close() {
    classifier.close();
  }

  private static int[] tokens(String text) {
    return classifier.model().tokenizer().tokenize(text, true, false);
  }

  private static double[] expected(float[] outputs, ScoreFunction function) {
    double[] scores = new double[outputs.length];
    double sum = 0;
    for (float output : outputs) {
      sum += Math.exp(output);
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] =
          switch (function) {
            case SOFTMAX -> Math.exp(outputs[i]) / sum;
            case SIGMOID -> 1 / (1 + Math.exp(-outputs[i]));
            case MODEL, NONE -> outputs[i];
          };
    }
    return scores;
  }

  private static void assertScores(Classification found, float[] outputs, ScoreFunction function) {
    double[] scores = expected(outputs, function);
    assertThat(found.scores()).hasSize(scores.length);
    int best = 0;
    for (int i = 0; i < scores.length; i++) {
      assertThat(found.scores().get(i).index()).isEqualTo(i);
      assertThat((double) found.scores().get(i).score()).isCloseTo(scores[i], within((double) CLOSE));
      best = scores[i] > scores[best] ? i : best;
    }
    assertThat(found.best()).isEqualTo(found.scores().get(best));
  }

  private static ClassifyOptions with(ScoreFunction function) {
    return ClassifyOptions.builder().function(function).build();
  }

  @Test
  void scoresAreTheSoftmaxOfWhatTheModelGives() {
    Classification found = classifier.classify("the llama sings");

    int[] tokens = tokens("the llama sings");
    assertScores(found, BERT.outputs(tokens), ScoreFunction.SOFTMAX);
    assertThat(found.scores()).extracting(LabelScore::label).containsExactly("good", "bad", "odd");
    assertThat(found.scores().stream().mapToDouble(LabelScore::score).sum()).isCloseTo(1, within(1e-6));
    assertThat(found.tokens()).isEqualTo(tokens.length);
    assertThat(found.truncated()).isFalse();
    assertThat(classifier.labels()).containsExactly("good", "bad", "odd");
  }

  @ParameterizedTest
  @EnumSource(
      value = ScoreFunction.class,
      names = {"SOFTMAX", "SIGMOID", "NONE"})
  void theFunctionCanBeChosen(ScoreFunction function) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      texts.add("llama ".repeat(i % 9) + (char) ('a' + i % 26));
    }
    List<Classification> found = classifier.classify(texts, with(function));
    assertThat(found).hasSameSizeAs(texts);
    for (int i = 0; i < texts.size(); i++) {
      assertScores(found.get(i), BERT.outputs(tokens(texts.get(i))), function);
    }
  }

  @Test
  void severalLabelsMayBeRight() {
    Classification found = classifier.classify(List.of("llama"), with(ScoreFunction.SIGMOID)).getFirst();
    assertThat(found.atLeast(0)).isEqualTo(found.scores());
    assertThat(found.atLeast(found.best().score())).containsExactly(found.best());
    assertThat(found.atLeast(1.5f)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "single_label_classification, SOFTMAX",
    "multi_label_classification, SIGMOID",
    "regression, NONE",
    "something, SOFTMAX"
  })
  void theFileMaySayWhichFunction(String type, ScoreFunction function) {
    ModelConfig config =
        ModelConfig.builder()
            .metadata(Map.of("bert.classifier.problem_type", new MetadataValue.TextValue(type)))
            .build();
    try (Classifier own = Classifier.load(file, config, EmbedderConfig.defaults())) {
      assertScores(own.classify("a llama"), BERT.outputs(tokens("a llama")), function);
    }
  }

  @Test
  void aSingleOutputIsRightOrWrongAndLabelsWithoutANameAreNumbered() {
    TinyBert single = new TinyBert(3).withHead(false);
    try (Classifier own = Classifier.load(single.write(folder.resolve("single.gguf")))) {
      assertThat(own.labels()).containsExactly("LABEL_0");
      assertScores(own.classify("a llama"), single.outputs(tokens("a llama")), ScoreFunction.SIGMOID);
    }
    TinyBert unnamed = new TinyBert(3).withHead(false, "", "no", "");
    try (Classifier own = Classifier.load(unnamed.write(folder.resolve("unnamed.gguf")))) {
      assertThat(own.labels()).containsExactly("LABEL_0", "no", "LABEL_2");
      assertScores(own.classify("a llama"), unnamed.outputs(tokens("a llama")), ScoreFunction.SOFTMAX);
    }
  }

  @Test
  void probabilitiesStayAsTheyAre() {
    try (Classifier own = Classifier.load(new TinyQwen().write(folder.resolve("qwen.gguf")))) {
      Classification found = own.classify("Is it?");
      assertThat(own.labels()).containsExactly("yes", "no");
      assertThat(found.scores().stream().mapToDouble(LabelScore::score).sum()).isCloseTo(1, within(1e-5));
      assertThat(own.classify(List.of("Is it?"), with(ScoreFunction.SOFTMAX))).containsExactly(found);
      assertThatThrownBy(() -> own.classify(List.of("Is it?"), with(ScoreFunction.SIGMOID)))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("function is SIGMOID");
    }
  }

  @Test
  void longTextsAreRefusedCutOrDivided() {
    String text = "a ".repeat(100);
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> classifier.classify(List.of("short", text)))
        .satisfies(tooLong -> {
          assertThat(tooLong.parameter()).isEqualTo("texts[1]");
          assertThat(tooLong.tokens()).isEqualTo(102);
          assertThat(tooLong.maxTokens()).isEqualTo(64);
        });

    int[] beginning = Arrays.copyOf(tokens(text), 64);
    beginning[63] = TinyBert.SEP;
    ClassifyOptions cut = ClassifyOptions.builder().longText(LongText.TRUNCATE).build();
    Classification shortened = classifier.classify(List.of(text), cut).getFirst();
    assertThat(shortened.truncated()).isTrue();
    assertThat(shortened.tokens()).isEqualTo(64);
    assertScores(shortened, BERT.outputs(beginning), ScoreFunction.SOFTMAX);

    ClassifyOptions divided = ClassifyOptions.builder().longText(LongText.MEAN_OF_PARTS).build();
    int[] half = Arrays.copyOf(tokens(text), 52);
    half[51] = TinyBert.SEP;
    Classification mean = classifier.classify(List.of(text), divided).getFirst();
    assertThat(mean.parts()).isEqualTo(2);
    assertScores(mean, BERT.outputs(half), ScoreFunction.SOFTMAX);
  }

  @Test
  void oddRequestsAreAnsweredOrRefused() {
    assertThat(classifier.classify(List.of())).isEmpty();
    assertScores(classifier.classify(""), BERT.outputs(TinyBert.CLS, TinyBert.SEP), ScoreFunction.SOFTMAX);
    assertThat(classifier.classify("[SEP]").tokens()).isGreaterThan(3);
    assertThatThrownBy(() -> ClassifyOptions.builder().priority(10).build())
        .isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void scoresThatAreNoNumbersAreAnError() {
    TinyBert broken = new TinyBert(7).withHead(true, "good", "bad").biased(Float.POSITIVE_INFINITY);
    try (Classifier own = Classifier.load(broken.write(folder.resolve("infinite.gguf")))) {
      assertThatExceptionOfType(EmbeddingException.class)
          .isThrownBy(() -> own.classify("a"))
          .satisfies(failed -> assertThat(failed.reason()).isEqualTo(EmbeddingException.Reason.NOT_FINITE));
    }
  }

  @Test
  void modelsWithoutAHeadAreRefused() {
    Path plain = new TinyBert(1).write(folder.resolve("plain.gguf"));
    assertThatExceptionOfType(EngineStartException.class)
        .isThrownBy(() -> Classifier.load(plain))
        .satisfies(refused -> assertThat(refused.reason()).isEqualTo(Reason.NOT_A_CLASSIFIER))
        .withMessageContaining("so it is no classifier");
  }

  @Test
  void whatAClassifierHasNotCannotBeChosen() {
    assertThatThrownBy(
            () -> Classifier.load(file, ModelConfig.defaults(), EmbedderConfig.builder().pooling(Pooling.LAST).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pooling is LAST");
    assertThatThrownBy(
            () -> Classifier.load(file, ModelConfig.defaults(), EmbedderConfig.builder().queryPrefix("q: ").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no prefix");
  }

  @Test
  void aClosedClassifierSaysSo() {
    Classifier other = Classifier.load(file);
    other.close();
    other.close();
    assertThatThrownBy(() -> other.classify("a")).isInstanceOf(EngineClosedException.class);
  }
}
