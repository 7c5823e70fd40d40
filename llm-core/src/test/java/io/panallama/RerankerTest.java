package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.Pooling;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.testkit.TinyBert;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinyQwen;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranking documents with generated encoders and a generated decoder. */
class RerankerTest {
  /** llama.cpp's GELU is a table of 16-bit floats. */
  private static final float CLOSE = 5e-3f;

  private static final TinyBert BERT = new TinyBert(7).withHead(true);
  private static final List<String> DOCUMENTS = List.of("the llama", "a cat sings", "", "llama llama llama", "zoo.");

  @TempDir private static Path folder;

  private static Path file;
  private static Reranker reranker;

  @BeforeAll
  static void load() {
    file = BERT.write(folder.resolve("reranker.gguf"));
    reranker = Reranker.load(file);
  }

  @AfterAll
  static void close() {
    reranker.close();
  }

  private static int[] plain(Reranker of, String text) {
    return of.model().tokenizer().tokenize(text, false, false);
  }

  private static int[] join(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray();
  }

  /** As llama-server puts them together for a vocabulary of BERT's kind: there is no [SEP] at the end. */
  private static int[] pair(String query, String document) {
    return join(new int[] {TinyBert.CLS}, plain(reranker, query), new int[] {TinyBert.SEP}, plain(reranker, document));
  }

  private static RankedDocument of(Ranking ranking, int index) {
    return ranking.documents().stream().filter(one -> one.index() == index).findFirst().orElseThrow();
  }

  private static Path write(String name, GgufWriter writer) throws IOException {
    Path path = folder.resolve(name + ".gguf");
    writer.write(path);
    return path;
  }

  @Test
  void scoresAreWhatTheModelGivesAndTheBestComesFirst() {
    Ranking ranking = reranker.rank("the llama sings?", DOCUMENTS);

    assertThat(ranking.documents()).hasSize(DOCUMENTS.size());
    int tokens = 0;
    for (int i = 0; i < DOCUMENTS.size(); i++) {
      int[] pair = pair("the llama sings?", DOCUMENTS.get(i));
      assertThat(of(ranking, i).score()).as(DOCUMENTS.get(i)).isCloseTo(BERT.outputs(pair)[0], within(CLOSE));
      assertThat(of(ranking, i).tokens()).isEqualTo(pair.length);
      assertThat(of(ranking, i).truncated()).isFalse();
      tokens += pair.length;
    }
    assertThat(ranking.tokens()).isEqualTo(tokens);
    assertThat(ranking.documents())
        .extracting(RankedDocument::score)
        .isSortedAccordingTo((a, b) -> Float.compare(b, a));
    assertThat(ranking.documents().getFirst().score()).isGreaterThan(ranking.documents().getLast().score());
  }

  @Test
  void equalScoresKeepTheirOrder() {
    Ranking ranking = reranker.rank("a", List.of("b", "b", "b"));
    assertThat(ranking.documents()).extracting(RankedDocument::index).containsExactly(0, 1, 2);
  }

  @Test
  void theBestAreReturnedAndAllCounted() {
    Ranking all = reranker.rank("llama", DOCUMENTS);
    Ranking two = reranker.rank("llama", DOCUMENTS, RerankOptions.builder().topN(2).build());
    assertThat(two.documents()).isEqualTo(all.documents().subList(0, 2));
    assertThat(two.tokens()).isEqualTo(all.tokens());
    assertThat(reranker.rank("llama", DOCUMENTS, RerankOptions.builder().topN(99).build())).isEqualTo(all);
    assertThat(reranker.rank("llama", List.of()).documents()).isEmpty();
  }

  @Test
  void scoresCanBeMappedToOne() {
    Ranking raw = reranker.rank("llama", DOCUMENTS);
    Ranking mapped = reranker.rank("llama", DOCUMENTS, RerankOptions.builder().normalized(true).build());
    for (int i = 0; i < DOCUMENTS.size(); i++) {
      double expected = 1 / (1 + Math.exp(-of(raw, i).score()));
      assertThat(of(mapped, i).score()).isCloseTo((float) expected, within(1e-6f));
    }
    assertThat(mapped.documents())
        .extracting(RankedDocument::index)
        .isEqualTo(raw.documents().stream().map(RankedDocument::index).toList());
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void theFileSaysWhatStandsBetweenAndBehind(boolean end, boolean separator) throws IOException {
    GgufWriter writer =
        BERT.writer().put("tokenizer.ggml.add_eos_token", end).put("tokenizer.ggml.add_sep_token", separator);
    Path other = write("marks-" + end + separator, writer);
    if (!end && !separator) {
      assertThatExceptionOfType(EngineStartException.class)
          .isThrownBy(() -> Reranker.load(other))
          .withMessageContaining("between two texts");
      return;
    }
    int[] sep = {TinyBert.SEP};
    int[] none = {};
    int[] pair =
        join(
            new int[] {TinyBert.CLS},
            plain(reranker, "a"),
            end ? sep : none,
            separator ? sep : none,
            plain(reranker, "llama"),
            end ? sep : none);
    try (Reranker own = Reranker.load(other)) {
      RankedDocument only = own.rank("a", List.of("llama")).documents().getFirst();
      assertThat(only.tokens()).isEqualTo(pair.length);
      assertThat(only.score()).isCloseTo(BERT.outputs(pair)[0], within(CLOSE));
    }
  }

  @Test
  void aHeadMayHaveASingleLayer() {
    TinyBert other = new TinyBert(9).withHead(false);
    try (Reranker own = Reranker.load(other.write(folder.resolve("single-layer.gguf")))) {
      assertThat(own.rank("a", List.of("llama")).documents().getFirst().score())
          .isCloseTo(other.outputs(pair("a", "llama"))[0], within(CLOSE));
    }
  }

  @Test
  void aDecoderRanksWithItsTemplate() {
    TinyQwen qwen = new TinyQwen();
    Path decoder = qwen.write(folder.resolve("qwen.gguf"));
    List<String> documents = List.of("The cat sat.", "", "Forgot {query}? <|im_end|> {document}", "x".repeat(40));
    String query = "Where is {document}, <|im_end|>?";
    try (Reranker own = Reranker.load(decoder);
        Model model = Model.load(decoder)) {
      Ranking ranking = own.rank(query, documents);
      assertThat(ranking.documents()).hasSize(4);
      // The same model as an embedder gives the vector that the head is put on.
      try (Embedder embedder = headless()) {
        for (int i = 0; i < documents.size(); i++) {
          int[] tokens = prompt(model, query, documents.get(i));
          EmbeddingOptions raw = EmbeddingOptions.builder().normalization(Normalization.NONE).build();
          Embedding vector = embedder.embedTokens(List.of(tokens), raw).getFirst();
          assertThat(of(ranking, i).tokens()).as(documents.get(i)).isEqualTo(tokens.length);
          assertThat(of(ranking, i).score()).as(documents.get(i)).isCloseTo(qwen.score(vector.vector()), within(CLOSE));
          assertThat(of(ranking, i).score()).isBetween(0f, 1f);
        }
      }
      assertThat(own.rank(query, documents, RerankOptions.builder().normalized(true).build())).isEqualTo(ranking);

      RerankOptions cut = RerankOptions.builder().truncate(true).build();
      RankedDocument shortened = own.rank("q", List.of("y ".repeat(400)), cut).documents().getFirst();
      assertThat(shortened.truncated()).isTrue();
      assertThat(shortened.tokens()).isEqualTo(TinyQwen.CONTEXT);
    }
  }

  /** Gives the vectors that the head is put on. */
  private static Embedder headless() {
    TinyQwen qwen = new TinyQwen();
    qwen.writer().put("qwen3.pooling_type", Pooling.LAST.id());
    return Embedder.load(qwen.write(folder.resolve("qwen-vectors.gguf")));
  }

  /** The special tokens of the template count, those of the texts don't. */
  private static int[] prompt(Model model, String query, String document) {
    Tokenizer tokenizer = model.tokenizer();
    String[] around = TinyQwen.prompt("\0", "\1").split("[\0\1]");
    byte[] bytes = (around[0] + query + around[1] + document + around[2]).getBytes(StandardCharsets.UTF_8);
    int first = around[0].length();
    int second = first + query.length() + around[1].length();
    int[] literals =
        document.isEmpty()
            ? new int[] {first, first + query.length()}
            : new int[] {first, first + query.length(), second, second + document.length()};
    return tokenizer.tokenizePrompt(bytes, literals);
  }

  @Test
  void longDocumentsAreRefusedOrCut() {
    String text = "a ".repeat(100);
    assertThat(reranker.maxTokens()).isEqualTo(TinyBert.CONTEXT);
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> reranker.rank("llama", List.of("short", text)))
        .satisfies(tooLong -> {
          assertThat(tooLong.index()).isEqualTo(1);
          assertThat(tooLong.tokens()).isEqualTo(103);
          assertThat(tooLong.maxTokens()).isEqualTo(64);
          assertThat(tooLong.parameter()).isEqualTo("documents[1]");
        })
        .withMessageContaining("together with the query");

    RerankOptions cut = RerankOptions.builder().truncate(true).build();
    RankedDocument shortened =
        reranker.rank("llama", List.of("short", text), cut).documents().stream()
            .filter(RankedDocument::truncated)
            .findFirst()
            .orElseThrow();
    assertThat(shortened.index()).isEqualTo(1);
    assertThat(shortened.tokens()).isEqualTo(64);
    assertThat(shortened.score()).isCloseTo(BERT.outputs(Arrays.copyOf(pair("llama", text), 64))[0], within(CLOSE));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aQueryThatLeavesNoRoomIsRefused(boolean truncate) {
    RerankOptions options = RerankOptions.builder().truncate(truncate).build();
    assertThatExceptionOfType(TextTooLongException.class)
        .isThrownBy(() -> reranker.rank("a ".repeat(80), List.of("llama"), options))
        .satisfies(tooLong -> {
          assertThat(tooLong.index()).isEqualTo(TextTooLongException.NO_INDEX);
          assertThat(tooLong.tokens()).isEqualTo(82);
          assertThat(tooLong.maxTokens()).isEqualTo(64);
          assertThat(tooLong.parameter()).isEqualTo("query");
        })
        .withMessageContaining("query has 82 tokens");
    // Its last place is the document's.
    assertThat(reranker.rank("a ".repeat(61), List.of("b c"), RerankOptions.builder().truncate(true).build()))
        .satisfies(ranking -> assertThat(ranking.documents().getFirst().truncated()).isTrue());
  }

  @Test
  void specialTokensInTextsAreText() {
    assertThat(of(reranker.rank("[SEP]", List.of("[CLS]")), 0).tokens()).isGreaterThan(6);
  }

  @Test
  void prefixesAreTexts() {
    EmbedderConfig config = EmbedderConfig.builder().queryPrefix("the ").documentPrefix("a ").build();
    try (Reranker own = Reranker.load(file, ModelConfig.defaults(), config)) {
      assertThat(own.rank("cat", List.of("llama")).documents().getFirst().score())
          .isCloseTo(BERT.outputs(pair("the cat", "a llama"))[0], within(CLOSE));
    }
  }

  @Test
  void manyCallersGetTheirOwnScores() throws Exception {
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Ranking>> results = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String query = "llama " + (char) ('a' + i % 26);
        results.add(callers.submit(() -> reranker.rank(query, DOCUMENTS)));
      }
      for (int i = 0; i < results.size(); i++) {
        String query = "llama " + (char) ('a' + i % 26);
        assertThat(of(results.get(i).get(), 1).score())
            .isCloseTo(BERT.outputs(pair(query, DOCUMENTS.get(1)))[0], within(CLOSE));
      }
    }
  }

  @Test
  void scoresThatAreNoNumbersAreAnError() {
    TinyBert broken = new TinyBert(7).withHead(true).biased(Float.NaN);
    try (Reranker own = Reranker.load(broken.write(folder.resolve("nan.gguf")))) {
      assertThatExceptionOfType(EmbeddingException.class)
          .isThrownBy(() -> own.rank("a", List.of("b")))
          .satisfies(failed -> assertThat(failed.reason()).isEqualTo(EmbeddingException.Reason.NOT_FINITE));
    }
  }

  @Test
  void moreDocumentsThanMayWaitAreRefused() {
    EmbedderConfig config = EmbedderConfig.builder().queueLimit(2).build();
    try (Reranker own = Reranker.load(file, ModelConfig.defaults(), config)) {
      assertThatThrownBy(() -> own.rank("a", List.of("b", "c", "d")))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("documents has 3 documents; at most 2");
    }
    LocalReranker.requireFew(1 << 24);
    assertThatThrownBy(() -> LocalReranker.requireFew((1 << 24) + 1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("documents have more than 16777216 tokens");
    assertThatThrownBy(() -> RerankOptions.builder().topN(-1).build())
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("topN is -1");
  }

  private static void assertRefused(Path path, Reason reason, String message) {
    assertThatExceptionOfType(EngineStartException.class)
        .isThrownBy(() -> Reranker.load(path))
        .satisfies(refused -> assertThat(refused.reason()).isEqualTo(reason))
        .withMessageContaining(message);
  }

  @Test
  void modelsThatDoNotRankAreRefused() throws IOException {
    assertRefused(
        new TinyBert(1).write(folder.resolve("plain.gguf")), Reason.NOT_A_RERANKER, "An Embedder gives vectors");
    assertRefused(TinyModels.write(folder.resolve("llama.gguf")), Reason.NOT_A_RERANKER, "an Engine runs it");
    assertRefused(
        new TinyBert(1).withHead(true, "good", "bad").write(folder.resolve("labels.gguf")),
        Reason.NOT_A_RERANKER,
        "good, bad; a reranker has a single score. Use a Classifier");
    assertRefused(
        write("lacking", new TinyQwen().writer().put("tokenizer.chat_template.rerank", "Is it {query}?")),
        Reason.NOT_A_RERANKER,
        "lacks {query} or {document}");
    assertRefused(
        write("bare", new TinyQwen().writer().remove("tokenizer.chat_template.rerank")),
        Reason.NOT_A_RERANKER,
        "neither a template");
  }

  @Test
  void aHeadWithoutALastLayerIsRefused() throws IOException {
    GgufWriter writer = new TinyBert(1).writer();
    writer.tensor("cls.weight", GgufType.F32, List.of(32L, 32L), FloatSource.constant(0.1f));
    assertRefused(
        write("headless-bert", writer), Reason.REFUSED, "cls.weight, has 32 outputs, and its file names 1 label;");
  }

  @Test
  void aPoolingCannotBeChosen() {
    EmbedderConfig config = EmbedderConfig.builder().pooling(Pooling.MEAN).build();
    assertThatThrownBy(() -> Reranker.load(file, ModelConfig.defaults(), config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pooling is MEAN");
  }

  @Test
  void aClosedRerankerSaysSo() {
    Reranker other = Reranker.load(file);
    other.close();
    other.close();
    assertThatThrownBy(() -> other.rank("a", List.of("b"))).isInstanceOf(EngineClosedException.class);
  }

  @Test
  void aModelWithoutWeightsIsRefused() {
    try (Model vocabulary = Model.load(file, ModelConfig.builder().vocabularyOnly(true).build())) {
      assertThatThrownBy(() -> Reranker.start(vocabulary, EmbedderConfig.defaults()))
          .isInstanceOf(EngineStartException.class)
          .hasMessageContaining("without its weights");
    }
  }
}
