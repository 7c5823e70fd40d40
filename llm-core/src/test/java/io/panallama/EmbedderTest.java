package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.gguf.GgufWriter;
import io.panallama.testkit.TinyBert;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Embedding texts with a generated encoder and a generated decoder. */
class EmbedderTest {
  private static final EmbeddingOptions RAW = EmbeddingOptions.builder().normalization(Normalization.NONE).build();

  /** llama.cpp's GELU is a table of 16-bit floats. */
  private static final double CLOSE = 1e-5;

  @TempDir private static Path folder;

  private static final TinyBert BERT = new TinyBert(7);
  private static Path file;
  private static Embedder embedder;

  @BeforeAll
  static void load() {
    file = BERT.write(folder.resolve("bert.gguf"));
    embedder = Embedder.load(file);
  }

  @AfterAll
  static void close() {
    embedder.close();
  }

  private static Embedder withConfig(EmbedderConfig.Builder config) {
    return Embedder.load(file, ModelConfig.defaults(), config.build());
  }

  private static int[] tokens(String text) {
    return embedder.model().tokenizer().tokenize(text, true, false);
  }

  private static double distance(float[] a, float[] b) {
    double dot = 0;
    double lengthA = 0;
    double lengthB = 0;
    assertThat(a).hasSameSizeAs(b);
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      lengthA += a[i] * a[i];
      lengthB += b[i] * b[i];
    }
    return 1 - dot / Math.sqrt(lengthA * lengthB);
  }

  private static void assertClose(float[] vector, float[] expected) {
    assertThat(distance(vector, expected)).isLessThan(CLOSE);
  }

  @Test
  void aVectorIsWhatTheModelGives() {
    int[] tokens = tokens("the llama sings");
    assertThat(tokens).hasSize(5).startsWith(TinyBert.CLS).endsWith(TinyBert.SEP);
    Embedding embedding = embedder.embed(List.of("the llama sings"), RAW).getFirst();
    assertClose(embedding.vector(), BERT.mean(tokens));
    assertThat(embedding.vector()[0]).isCloseTo(BERT.mean(tokens)[0], within(0.01f));
    assertThat(embedding.tokens()).isEqualTo(5);
    assertThat(embedding.truncated()).isFalse();
    assertThat(embedding.parts()).isEqualTo(1);
  }

  @Test
  void whatLlamaHoldsForItIsKnown() {
    assertThat(embedder.memory())
        .singleElement()
        .satisfies(host -> {
          assertThat(host.device()).isEqualTo("host");
          assertThat(host.model()).isPositive();
          assertThat(host.compute()).isPositive();
        });
  }

  @Test
  void poolingCanBeChosen() {
    int[] tokens = tokens("a llama");
    for (Pooling pooling : EnumSet.complementOf(EnumSet.of(Pooling.NONE))) {
      try (Embedder other = withConfig(EmbedderConfig.builder().pooling(pooling))) {
        float[] expected =
            switch (pooling) {
              case MODEL, MEAN -> BERT.mean(tokens);
              case CLS -> BERT.row(0, tokens);
              case LAST -> BERT.row(tokens.length - 1, tokens);
              case NONE -> throw new AssertionError();
            };
        assertClose(other.embed("a llama").vector(), expected);
        assertThat(other.config().pooling()).isEqualTo(pooling == Pooling.MODEL ? Pooling.MEAN : pooling);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, MEAN", "1, MEAN", "2, CLS", "3, LAST", ", MEAN"})
  void theFilesPoolingIsUsed(Integer type, Pooling expected) throws IOException {
    GgufWriter writer = BERT.writer().remove("bert.pooling_type");
    if (type != null) {
      writer.put("bert.pooling_type", type);
    }
    Path other = folder.resolve("pooling-" + type + ".gguf");
    writer.write(other);
    try (Embedder own = Embedder.load(other)) {
      assertThat(own.config().pooling()).isEqualTo(expected);
    }
  }

  @Test
  void aModelThatRanksIsRefused() throws IOException {
    Path ranking = folder.resolve("rank.gguf");
    BERT.writer().put("bert.pooling_type", 4).write(ranking);
    ModelConfig untried = ModelConfig.builder().trial(Trial.NEVER).build();
    assertThatExceptionOfType(EngineStartException.class)
        .isThrownBy(() -> Embedder.load(ranking, untried, EmbedderConfig.defaults()))
        .satisfies(refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.NOT_AN_EMBEDDER))
        .withMessageContaining("ranks or classifies");
  }

  @Test
  void textsOfOneBatchDoNotSeeEachOther() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      texts.add("llama ".repeat(i % 17) + (char) ('a' + i % 26));
    }
    List<Embedding> together = embedder.embed(texts);
    assertThat(together).hasSameSizeAs(texts);
    for (int i = 0; i < texts.size(); i++) {
      assertClose(together.get(i).vector(), BERT.mean(tokens(texts.get(i))));
    }
  }

  @Test
  void manyCallersGetTheirOwnVectors() throws Exception {
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Embedding>> results = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String text = "llama " + (char) ('a' + i % 26);
        results.add(callers.submit(() -> embedder.embed(text)));
      }
      for (int i = 0; i < results.size(); i++) {
        assertClose(results.get(i).get().vector(), BERT.mean(tokens("llama " + (char) ('a' + i % 26))));
      }
    }
  }

  @Test
  void vectorsAreScaledAndShortened() {
    List<String> text = List.of("the llama");
    float[] raw = embedder.embed(text, RAW).getFirst().vector();
    float[] unit = embedder.embed(text).getFirst().vector();
    double length = 0;
    double sum = 0;
    float largest = 0;
    for (float value : raw) {
      length += value * value;
      sum += Math.abs(value);
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < raw.length; i++) {
      assertThat(unit[i]).isCloseTo((float) (raw[i] / Math.sqrt(length)), within(1e-6f));
    }
    float[] manhattan =
        embedder.embed(text, RAW.toBuilder().normalization(new Normalization.Norm(1)).build()).getFirst().vector();
    assertThat(manhattan[3]).isCloseTo((float) (raw[3] / sum), within(1e-6f));
    float[] bounded =
        embedder.embed(text, RAW.toBuilder().normalization(Normalization.MAX_ABS).build()).getFirst().vector();
    assertThat(bounded[3]).isCloseTo(raw[3] / largest, within(1e-6f));

    float[] shorter = embedder.embed(text, EmbeddingOptions.builder().dimensions(8).build()).getFirst().vector();
    assertThat(shorter).hasSize(8);
    double shorterLength = 0;
    for (float value : shorter) {
      shorterLength += value * value;
    }
    assertThat(shorterLength).isCloseTo(1, within(1e-6));
    assertThat(shorter[1] / shorter[0]).isCloseTo(raw[1] / raw[0], within(1e-4f));
  }

  @Test
  void longTextsAreRefusedCutOrDivided() {
    String text = "a ".repeat(100);
    int[] all = tokens(text);
    assertThat(all).hasSize(102);
    assertThat(embedder.maxTokens()).isEqualTo(TinyBert.CONTEXT);
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> embedder.embed(List.of("short", text)))
        .satisfies(tooLong -> {
          assertThat(tooLong.index()).isEqualTo(1);
          assertThat(tooLong.tokens()).isEqualTo(102);
          assertThat(tooLong.maxTokens()).isEqualTo(64);
          assertThat(tooLong.parameter()).isEqualTo("texts[1]");
        });

    Embedding cut = embedder.embed(List.of(text), RAW.toBuilder().longText(LongText.TRUNCATE).build()).getFirst();
    int[] beginning = Arrays.copyOf(all, 64);
    beginning[63] = TinyBert.SEP;
    assertThat(cut.truncated()).isTrue();
    assertThat(cut.tokens()).isEqualTo(64);
    assertClose(cut.vector(), BERT.mean(beginning));

    Embedding divided =
        embedder.embed(List.of(text), RAW.toBuilder().longText(LongText.MEAN_OF_PARTS).build()).getFirst();
    int[] half = new int[52];
    Arrays.fill(half, all[1]);
    half[0] = TinyBert.CLS;
    half[51] = TinyBert.SEP;
    assertThat(divided.parts()).isEqualTo(2);
    assertThat(divided.tokens()).isEqualTo(104);
    assertClose(divided.vector(), BERT.mean(half));
  }

  @Test
  void tasksHaveTheirPrefixes() {
    try (Embedder other = withConfig(EmbedderConfig.builder().queryPrefix("the ").documentPrefix("a "))) {
      EmbeddingOptions query = EmbeddingOptions.builder().task(EmbeddingTask.QUERY).build();
      EmbeddingOptions document = EmbeddingOptions.builder().task(EmbeddingTask.DOCUMENT).build();
      List<String> text = List.of("llama");
      assertClose(other.embed(text).getFirst().vector(), BERT.mean(tokens("llama")));
      assertClose(other.embed(text, query).getFirst().vector(), BERT.mean(tokens("the llama")));
      assertClose(other.embed(text, document).getFirst().vector(), BERT.mean(tokens("a llama")));
    }
  }

  @Test
  void tokensAreTakenAsTheyAre() {
    int[] tokens = {TinyBert.CLS, 9, 11, TinyBert.SEP};
    assertClose(
        embedder.embedTokens(List.of(tokens), EmbeddingOptions.defaults()).getFirst().vector(), BERT.mean(tokens));
    assertThatThrownBy(() -> embedder.embedTokens(List.of(new int[] {1, -1}), RAW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("texts[0][1] is the token -1");
    assertThatThrownBy(() -> embedder.embedTokens(List.of(tokens, new int[0]), RAW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("texts[1] has no tokens");
  }

  @Test
  void oddRequestsAreAnsweredOrRefused() {
    assertThat(embedder.embed(List.of())).isEmpty();
    assertClose(embedder.embed("").vector(), BERT.mean(TinyBert.CLS, TinyBert.SEP));
    assertThatThrownBy(() -> embedder.embed(List.of("a"), EmbeddingOptions.builder().dimensions(33).build()))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("dimensions is 33; the model's vectors have 32");
    assertThatThrownBy(() -> new Normalization.Norm(0)).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> EmbeddingOptions.builder().priority(10).build())
        .isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void specialTokensInATextAreText() {
    assertThat(embedder.embed("[SEP]").tokens()).isGreaterThan(3);
  }

  @ParameterizedTest
  @EnumSource(value = Pooling.class, names = "NONE", mode = EnumSource.Mode.EXCLUDE)
  void aModelThatGeneratesTextGivesVectorsToo(Pooling pooling) {
    Path decoder = TinyModels.write(folder.resolve("decoder-" + pooling + ".gguf"));
    EmbedderConfig config = EmbedderConfig.builder().pooling(pooling).build();
    try (Embedder other = Embedder.load(decoder, ModelConfig.defaults(), config)) {
      assertThat(other.config().pooling()).isEqualTo(pooling == Pooling.MODEL ? Pooling.LAST : pooling);
      List<String> texts = new ArrayList<>(Collections.nCopies(40, "the same text"));
      texts.add("another text");
      List<Embedding> all = other.embed(texts);
      float[] alone = other.embed("the same text").vector();
      for (Embedding one : all.subList(0, 40)) {
        assertClose(one.vector(), alone);
      }
      if (pooling != Pooling.CLS) {
        assertThat(distance(all.getLast().vector(), alone)).isGreaterThan(CLOSE);
      }
    }
  }

  @Test
  void withoutPoolingEachTokenHasItsVector() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      texts.add("llama ".repeat(i % 17) + (char) ('a' + i % 26));
    }
    try (Embedder other = withConfig(EmbedderConfig.builder().pooling(Pooling.NONE))) {
      assertThat(other.pools()).isFalse();
      List<TokenVectors> all = other.tokenVectors(texts, RAW);
      assertThat(all).hasSameSizeAs(texts);
      for (int i = 0; i < texts.size(); i++) {
        int[] tokens = tokens(texts.get(i));
        assertThat(all.get(i).tokens()).containsExactly(tokens);
        assertThat(all.get(i).vectors()).hasDimensions(tokens.length, BERT.width());
        for (int token = 0; token < tokens.length; token++) {
          assertClose(all.get(i).vectors()[token], BERT.row(token, tokens));
        }
      }
      float[] raw = all.getFirst().vectors()[1];
      int[] ids = all.getFirst().tokens();
      assertClose(other.tokenVectorsOf(List.of(ids), RAW).getFirst().vectors()[1], raw);
      float[] unit = other.tokenVectors(texts, EmbeddingOptions.defaults()).getFirst().vectors()[1];
      assertClose(unit, raw);
      assertThat(Math.sqrt(lengthSquared(unit))).isCloseTo(1, within(1e-5));
      assertThat(Math.sqrt(lengthSquared(raw))).isGreaterThan(1.5);
      EmbeddingOptions shorter = RAW.toBuilder().dimensions(8).build();
      assertThat(other.tokenVectors(texts, shorter).getFirst().vectors()[1]).containsExactly(Arrays.copyOf(raw, 8));
    }
  }

  private static double lengthSquared(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += value * value;
    }
    return sum;
  }

  @Test
  void vectorsOfTokensAreCutWithTheirText() {
    String text = "a ".repeat(100);
    try (Embedder other = withConfig(EmbedderConfig.builder().pooling(Pooling.NONE))) {
      TokenVectors cut =
          other.tokenVectors(List.of(text), RAW.toBuilder().longText(LongText.TRUNCATE).build()).getFirst();
      assertThat(cut.truncated()).isTrue();
      assertThat(cut.tokens()).hasSize(64).endsWith(TinyBert.SEP);
      assertClose(cut.vectors()[63], BERT.row(63, cut.tokens()));
      assertThatThrownBy(
              () -> other.tokenVectors(List.of("a"), RAW.toBuilder().longText(LongText.MEAN_OF_PARTS).build()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("longText is MEAN_OF_PARTS");
    }
  }

  @Test
  void whatPoolingDoesNotGiveIsRefused() {
    assertThatThrownBy(() -> embedder.tokenVectors(List.of("a"), RAW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("Pooling.NONE");
    assertThatThrownBy(() -> embedder.tokenVectorsOf(List.of(new int[] {9}), RAW))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("Pooling.NONE");
    try (Embedder other = withConfig(EmbedderConfig.builder().pooling(Pooling.NONE))) {
      assertThatThrownBy(() -> other.embed("a"))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("tokenVectors");
      assertThatThrownBy(() -> other.embedTokens(List.of(new int[] {9}), RAW))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("tokenVectors");
    }
  }

  @Test
  void aModelThatGeneratesTextHasVectorsOfTokensToo() {
    Path decoder = TinyModels.write(folder.resolve("decoder-none.gguf"));
    EmbedderConfig each = EmbedderConfig.builder().pooling(Pooling.NONE).build();
    EmbedderConfig last = EmbedderConfig.builder().pooling(Pooling.LAST).build();
    try (Embedder none = Embedder.load(decoder, ModelConfig.defaults(), each);
        Embedder pooling = Embedder.load(decoder, ModelConfig.defaults(), last)) {
      List<String> texts = List.of("the same text", "a", "another text");
      List<TokenVectors> vectors = none.tokenVectors(texts, RAW);
      List<Embedding> expected = pooling.embed(texts, RAW);
      for (int i = 0; i < texts.size(); i++) {
        float[][] all = vectors.get(i).vectors();
        assertClose(all[all.length - 1], expected.get(i).vector());
      }
    }
  }

  @Test
  void aBrokenModelsNumbersAreAnError() {
    Path broken = folder.resolve("nan.gguf");
    new TinyBert(7).set("blk.1.layer_output_norm.bias", 3, Float.NaN).write(broken);
    ModelConfig untried = ModelConfig.builder().trial(Trial.NEVER).build();
    for (Pooling pooling : List.of(Pooling.MEAN, Pooling.NONE)) {
      try (Embedder other = Embedder.load(broken, untried, EmbedderConfig.builder().pooling(pooling).build())) {
        assertThatExceptionOfType(EmbeddingException.class)
            .isThrownBy(() -> {
              if (other.pools()) {
                other.embed("a");
              } else {
                other.tokenVectors(List.of("a"), RAW);
              }
            })
            .satisfies(failure -> assertThat(failure.reason()).isEqualTo(EmbeddingException.Reason.NOT_FINITE))
            .withMessageContaining("texts[0]");
      }
    }
  }

  @Test
  void aCallNeedNotWait() throws Exception {
    List<Embedding> found = embedder.submit(List.of("a llama"), EmbeddingOptions.defaults()).get();
    assertClose(found.getFirst().vector(), BERT.mean(tokens("a llama")));
    assertThatThrownBy(() -> embedder.submit(List.of("a ".repeat(100)), EmbeddingOptions.defaults()).get())
        .hasCauseInstanceOf(TextTooLongException.class);
  }

  @Test
  void aCancelledCallGivesItsTextsUp() {
    try (Embedder other = withConfig(EmbedderConfig.builder())) {
      List<CompletableFuture<List<Embedding>>> calls = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        calls.add(other.submit(Collections.nCopies(2000, "the llama sings"), EmbeddingOptions.defaults()));
      }
      calls.forEach(call -> call.cancel(true));
      assertThat(calls).allMatch(CompletableFuture::isCancelled);
      // Only what was cancelled before it began is missing; the queue is empty as soon as the threads have seen it.
      while (other.waiting() > 0) {
        Thread.onSpinWait();
      }
      assertClose(other.embed("a llama").vector(), BERT.mean(tokens("a llama")));
    }
  }

  @Test
  void aClosedEmbedderSaysSo() {
    Embedder other = Embedder.load(file);
    other.close();
    other.close();
    assertThatThrownBy(() -> other.embed("a")).isInstanceOf(EngineClosedException.class);
  }

  @Test
  void aModelWithoutWeightsIsRefused() {
    try (Model vocabulary = Model.load(file, ModelConfig.builder().vocabularyOnly(true).build())) {
      assertThatThrownBy(() -> Embedder.start(vocabulary, EmbedderConfig.defaults()))
          .isInstanceOf(EngineStartException.class)
          .hasMessageContaining("without its weights");
    }
  }
}
