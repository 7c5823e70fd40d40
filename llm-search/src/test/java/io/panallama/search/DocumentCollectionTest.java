package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.panallama.TextReranker;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.search.document.CollectionInfo;
import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.document.Section;
import io.panallama.search.document.VectorDocument;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import io.panallama.search.query.PassageRanker;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentCollectionTest {
  private static final int DIMENSIONS = 32;

  @TempDir Path folder;
  private DocumentStore store;
  private DocumentCollection docs;

  @BeforeEach
  void open() {
    store = DocumentStore.open(folder);
    docs = store.create("docs", WordEmbedder.named("words", DIMENSIONS));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static void assertFails(Reason reason, String message, ThrowingCallable call) {
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(call)
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(reason))
        .withMessageContaining(message);
  }

  private List<String> ids(SearchRequest request) {
    return docs.search(request).stream().map(Passage::document).toList();
  }

  private List<String> ids(Filter filter) {
    return docs.documents(filter).stream().map(DocumentSummary::id).sorted().toList();
  }

  private static SearchRequest request(SearchMode mode, String text) {
    return SearchRequest.builder().mode(mode).text(text).build();
  }

  @Test
  void aDocumentComesBackAsItWasStored() {
    Map<String, Object> metadata =
        Map.of("lang", "en", "year", 2024, "rating", 4.5, "draft", false, "tags", List.of("a", "b"), "word.x", "odd");
    docs.upsert(Document.of("llamas", "A llama hums.").withTitle("Llamas").withMetadata(metadata));

    Passage passage = docs.search(SearchRequest.of("llama")).getFirst();
    assertThat(passage.document()).isEqualTo("llamas");
    assertThat(passage.title()).isEqualTo("Llamas");
    assertThat(passage.text()).isEqualTo("A llama hums.");
    assertThat(passage.start()).isZero();
    assertThat(passage.end()).isEqualTo(13);
    assertThat(passage.metadata())
        .isEqualTo(
            Map.of(
                "lang",
                "en",
                "year",
                2024L,
                "rating",
                4.5,
                "draft",
                false,
                "tags",
                List.of("a", "b"),
                "word.x",
                "odd"));
    assertThat(docs.documents()).containsExactly(new DocumentSummary("llamas", "Llamas", passage.metadata()));
  }

  @Test
  void eachModeRanksByItsOwnMeasure() {
    docs.upsert(
        List.of(
            Document.of("both", "red apple pie"),
            Document.of("one", "red house on a long road"),
            Document.of("none", "blue sky")));

    Passage byWords = docs.search(request(SearchMode.BM25, "red apple")).getFirst();
    assertThat(byWords.document()).isEqualTo("both");
    assertThat(byWords.ranks().words()).hasValue(1);
    assertThat(byWords.ranks().vector()).isEmpty();
    assertThat(byWords.score()).isEqualTo(byWords.ranks().bm25().orElseThrow());
    assertThat(ids(request(SearchMode.BM25, "red apple"))).containsExactly("both", "one");

    Passage byVector = docs.search(request(SearchMode.VECTOR, "red apple pie")).getFirst();
    assertThat(byVector.document()).isEqualTo("both");
    assertThat(byVector.ranks().cosine().orElseThrow()).isCloseTo(1, within(1e-5));
    assertThat(ids(request(SearchMode.VECTOR, "red apple pie"))).hasSize(3);

    Passage fused = docs.search(request(SearchMode.HYBRID, "red apple")).getFirst();
    assertThat(fused.document()).isEqualTo("both");
    assertThat(fused.score()).as("the best by both").isCloseTo(1, within(1e-6));

    SearchRequest words = request(SearchMode.HYBRID, "red apple").toBuilder().vectorWeight(0).build();
    assertThat(docs.search(words).getFirst().score()).isEqualTo(1);
    assertThat(docs.search(words).getLast().document()).isEqualTo("none");
    assertThat(docs.search(words).getLast().score()).isZero();
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(() -> words.toBuilder().vectorWeight(Double.NaN).build())
        .withMessageContaining("vectorWeight is NaN; it must be 0 to 1");
  }

  /** Dots and apostrophes within a word, where Unicode sees no border. */
  @Test
  void aNameIsFoundByItsParts() {
    docs.upsert(
        List.of(Document.of("name", "See Sampling.minKeep for it."), Document.of("other", "Sampling as a whole.")));

    assertThat(ids(request(SearchMode.BM25, "minKeep"))).containsExactly("name");
    assertThat(ids(request(SearchMode.BM25, "Sampling.minKeep"))).containsExactly("name", "other");
  }

  @Test
  void compactingKeepsAllThatWasStored() {
    for (int i = 0; i < 12; i++) {
      docs.upsert(Document.of("d" + i, "text number " + i));
    }
    docs.delete(List.of("d3"));
    assertThat(docs.index().segmentCount()).isGreaterThan(1);

    docs.compact();

    assertThat(docs.index().segmentCount()).isEqualTo(1);
    assertThat(docs.info().documents()).isEqualTo(11);
    docs.upsert(Document.of("late", "one more"));
    assertThat(docs.compactIfScattered(2)).isFalse();
    assertThat(docs.index().segmentCount()).as("nine tenths are in one").isEqualTo(2);
    docs.upsert(Document.of("later", "and another one"));
    assertThat(docs.compactIfScattered(4)).as("three parts are few").isFalse();
    assertThat(docs.compactIfScattered(2)).isTrue();
    assertThat(docs.index().segmentCount()).isEqualTo(1);
    docs.compact();
    docs.compact();
    assertThat(docs.index().segmentCount()).isEqualTo(1);
    store.close();
    try (DocumentStore again = DocumentStore.open(folder)) {
      DocumentCollection opened = again.open("docs", WordEmbedder.named("words", DIMENSIONS));
      assertThat(opened.documents()).hasSize(13);
      assertThat(opened.passages("d3")).isEmpty();
    }
  }

  @Test
  void titlesAndHeadingsAreSearchedToo() {
    docs.upsert(Document.of("a", "Nothing of that kind.").withTitle("Über Zebras"));
    assertThat(ids(request(SearchMode.BM25, "uber"))).containsExactly("a");
    assertThat(ids(request(SearchMode.BM25, "ZEBRAS"))).containsExactly("a");
    assertThat(ids(request(SearchMode.BM25, "?!"))).isEmpty();
  }

  @Test
  void chineseIsFoundByPairsOfCharacters() {
    docs.upsert(List.of(Document.of("a", "北京是中国的首都。"), Document.of("b", "京北有一座山。")));
    assertThat(ids(request(SearchMode.BM25, "北京"))).containsExactly("a");
  }

  @Test
  void vectorsAreFoundAsByBruteForce() {
    int count = 2_000;
    Random random = new Random(5);
    List<VectorDocument> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(new VectorDocument(Document.of("d" + i, "text " + i), gaussian(random)));
    }
    for (int i = 0; i < count; i += 250) {
      docs.upsertVectors(all.subList(i, i + 250));
    }

    int found = 0;
    for (int q = 0; q < 50; q++) {
      float[] query = gaussian(random);
      List<String> nearest =
          all.stream()
              .sorted(Comparator.comparingDouble((VectorDocument each) -> cosine(query, each.vector())).reversed())
              .limit(10)
              .map(each -> each.document().id())
              .toList();
      List<Passage> passages =
          docs.search(SearchRequest.builder().mode(SearchMode.VECTOR).vector(query).limit(10).build());
      assertThat(passages).hasSize(10);
      Passage first = passages.getFirst();
      float[] its = all.get(Integer.parseInt(first.document().substring(1))).vector();
      assertThat(first.score()).isCloseTo(cosine(query, its), within(1e-5));
      Set<String> right = new HashSet<>(nearest);
      found += (int) passages.stream().filter(passage -> right.contains(passage.document())).count();
    }
    assertThat(found / 500.0).isGreaterThanOrEqualTo(0.97);
  }

  private static float[] gaussian(Random random) {
    float[] vector = new float[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return vector;
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double squaresA = 0;
    double squaresB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      squaresA += a[i] * a[i];
      squaresB += b[i] * b[i];
    }
    return dot / Math.sqrt(squaresA * squaresB);
  }

  @Test
  void filtersCompareMetadata() {
    for (int year = 2020; year < 2026; year++) {
      Map<String, Object> metadata =
          Map.of(
              "year",
              year,
              "lang",
              year % 2 == 0 ? "en" : "de",
              "draft",
              year == 2025,
              "tags",
              List.of("y" + year, "all"));
      docs.upsert(Document.of("d" + year, "year " + year).withMetadata(metadata));
    }
    docs.upsert(Document.of("plain", "no metadata"));

    assertThat(ids(Filter.equal("year", 2021))).containsExactly("d2021");
    assertThat(ids(Filter.equal("year", "2021"))).isEmpty();
    assertThat(ids(Filter.equal("draft", true))).containsExactly("d2025");
    assertThat(ids(Filter.equal("draft", "true"))).isEmpty();
    assertThat(ids(Filter.in("year", 2020, 2025, "x"))).containsExactly("d2020", "d2025");
    assertThat(ids(Filter.equal("tags", "y2022"))).containsExactly("d2022");
    assertThat(ids(Filter.range("year", 2021, 2023))).containsExactly("d2021", "d2022", "d2023");
    assertThat(ids(Filter.atLeast("year", 2024.5))).containsExactly("d2025");
    assertThat(ids(Filter.atMost("year", 2020))).containsExactly("d2020");
    assertThat(ids(Filter.compare("tags", Filter.Order.ABOVE, "y2023"))).containsExactly("d2024", "d2025");
    assertThat(ids(Filter.compare("tags", Filter.Order.AT_LEAST, "y2024"))).containsExactly("d2024", "d2025");
    assertThat(ids(Filter.compare("lang", Filter.Order.BELOW, "en"))).isEqualTo(ids(Filter.equal("lang", "de")));
    assertThat(ids(Filter.compare("lang", Filter.Order.AT_MOST, "de")))
        .isEqualTo(ids(Filter.equal("lang", "de")))
        .isNotEmpty();
    assertThat(ids(Filter.compare("year", Filter.Order.AT_LEAST, ""))).isEmpty();
    assertThat(Filter.Order.ABOVE.matches("\ud83e\udd99", "\uff21")).isTrue();
    assertThat(ids(Filter.all(Filter.equal("lang", "en"), Filter.atLeast("year", 2022))))
        .containsExactly("d2022", "d2024");
    assertThat(ids(Filter.any(Filter.equal("year", 2020), Filter.equal("draft", true))))
        .containsExactly("d2020", "d2025");
    assertThat(ids(Filter.not(Filter.equal("tags", "all")))).containsExactly("plain");
    assertThat(ids(Filter.documents(List.of("plain", "d2020", "nowhere")))).containsExactly("d2020", "plain");

    SearchRequest base = SearchRequest.builder().text("year").filter(Filter.equal("lang", "de")).build();
    for (SearchMode mode : SearchMode.values()) {
      assertThat(ids(base.toBuilder().mode(mode).build()))
          .as("%s", mode)
          .containsExactlyInAnyOrder("d2021", "d2023", "d2025");
    }
  }

  @Test
  void anUpsertReplacesAllPassagesOfItsDocument() {
    docs.upsert(Document.of("a", "first. ".repeat(400)));
    assertThat(docs.passages("a")).hasSizeGreaterThan(1);
    docs.upsert(Document.of("a", "second."));

    assertThat(docs.passages("a")).extracting(Passage::text).containsExactly("second.");
    assertThat(ids(request(SearchMode.BM25, "first"))).isEmpty();
    CollectionInfo info = docs.info();
    assertThat(info.documents()).isEqualTo(1);
    assertThat(info.passages()).isEqualTo(1);
    assertThat(info.sizeBytes()).isPositive();
  }

  @Test
  void whatIsDeletedIsNotFound() {
    for (int i = 0; i < 20; i++) {
      docs.upsert(Document.of("d" + i, "number " + i).withMetadata(Map.of("odd", i % 2 == 1)));
    }
    docs.delete(List.of("d0", "nowhere"));
    docs.delete(Filter.equal("odd", true));

    assertThat(docs.documents()).hasSize(9);
    for (SearchMode mode : SearchMode.values()) {
      assertThat(ids(SearchRequest.builder().mode(mode).text("number 7").limit(100).build()))
          .as("%s", mode)
          .hasSize(9)
          .doesNotContain("d0", "d7");
    }
    assertThat(docs.passages("d7")).isEmpty();
  }

  @Test
  void aPassageOnTwoPagesNamesBoth() {
    String text = "A llama hums. It eats grass.";
    List<Section> pages = List.of(new Section(0, List.of(), 3), new Section(text.indexOf("grass"), List.of(), 4));
    docs.upsert(new Document("pages", "", text, pages, Map.of()));
    Passage passage = docs.passages("pages").getFirst();
    assertThat(passage.firstPage()).isEqualTo(3);
    assertThat(passage.lastPage()).isEqualTo(4);
    docs.upsert(Document.of("none", text));
    assertThat(docs.passages("none").getFirst().lastPage()).isZero();
  }

  @Test
  void aRerankingModelIsARanker() {
    List<Integer> together = new ArrayList<>();
    TextReranker lengths =
        new TextReranker() {
          @Override
          public Ranking rank(String query, List<String> documents, RerankOptions options) {
            assertThat(query).isEqualTo("llama");
            assertThat(options.truncate()).isTrue();
            together.add(documents.size());
            List<RankedDocument> ranked = new ArrayList<>();
            for (int i = documents.size() - 1; i >= 0; i--) {
              ranked.add(new RankedDocument(i, documents.get(i).length(), 1, false));
            }
            return new Ranking(ranked, documents.size());
          }

          @Override
          public int maxTokens() {
            return 512;
          }
        };
    PassageRanker ranker = PassageRanker.of(lengths);
    List<String> texts = IntStream.range(0, 600).mapToObj("x"::repeat).toList();
    float[] scores = ranker.score("llama", texts);
    for (int i = 0; i < scores.length; i++) {
      assertThat(scores[i]).isEqualTo(i);
    }
    assertThat(together).containsExactly(256, 256, 88);

    docs.upsert(List.of(Document.of("a", "A llama."), Document.of("b", "A llama hums."), Document.of("c", "Llama.")));
    assertThat(ids(SearchRequest.builder().text("llama").ranker(ranker).build())).containsExactly("b", "a", "c");
  }

  @Test
  void aRankerSortsTheCandidates() {
    docs.upsert(
        List.of(
            Document.of("a", "llama llama"),
            Document.of("b", "llama"),
            Document.of("c", "llama in a long text of words")));
    SearchRequest ranked =
        SearchRequest.builder()
            .text("llama")
            .limit(2)
            .ranker((_, passages) -> floats(passages.stream().mapToInt(String::length).toArray()))
            .build();

    List<Passage> found = docs.search(ranked);
    assertThat(found).extracting(Passage::document).containsExactly("c", "a");
    assertThat(found.getFirst().score()).isEqualTo(29);
    assertThat(found.getFirst().ranks().ranker()).hasValue(29);
    assertThat(found.getFirst().ranks().words()).isPresent();

    assertFails(
        Reason.RANKER_FAILED,
        "gave 1 scores for 3",
        () -> docs.search(ranked.toBuilder().ranker((_, _) -> new float[1]).build()));
    assertFails(
        Reason.RANKER_FAILED,
        "NaN",
        () -> docs.search(ranked.toBuilder().ranker((_, _) -> new float[] {1, Float.NaN, 2}).build()));
    assertFails(
        Reason.RANKER_FAILED,
        "out of order",
        () ->
            docs.search(
                ranked.toBuilder()
                    .ranker((_, _) -> {
                      throw new IllegalStateException("out of order");
                    })
                    .build()));
  }

  private static float[] floats(int[] numbers) {
    float[] floats = new float[numbers.length];
    IntStream.range(0, numbers.length).forEach(i -> floats[i] = numbers[i]);
    return floats;
  }

  @Test
  void whatCantBeStoredIsRefusedByName() {
    float[] vector = new float[DIMENSIONS];
    Document document = Document.of("d", "text");
    assertFails(
        Reason.INVALID_VECTOR, "all zeros", () -> docs.upsertVectors(List.of(new VectorDocument(document, vector))));
    vector[3] = Float.NaN;
    assertFails(
        Reason.INVALID_VECTOR,
        "NaN at index 3",
        () -> docs.upsertVectors(List.of(new VectorDocument(document, vector))));
    assertFails(
        Reason.WRONG_DIMENSIONS,
        "has 31 dimensions; those of this collection have 32",
        () -> docs.upsertVectors(List.of(new VectorDocument(document, new float[31]))));
    assertFails(
        Reason.WRONG_DIMENSIONS,
        "query's vector has 2",
        () -> docs.search(SearchRequest.builder().mode(SearchMode.VECTOR).vector(new float[2]).build()));
    assertFails(Reason.INVALID_DOCUMENT, "Document d has no text", () -> docs.upsert(Document.of("d", " \n\t")));
    assertFails(Reason.INVALID_DOCUMENT, "id", () -> docs.upsert(Document.of(" ", "text")));
    assertFails(Reason.INVALID_DOCUMENT, "beyond 2^53", () -> document.withMetadata(Map.of("n", (1L << 53) + 1)));
    assertFails(Reason.INVALID_DOCUMENT, "NaN", () -> document.withMetadata(Map.of("n", Double.NaN)));
    assertFails(Reason.INVALID_DOCUMENT, "is a Object", () -> document.withMetadata(Map.of("n", new Object())));
    assertFails(Reason.INVALID_DOCUMENT, "the id d", () -> docs.upsert(List.of(document, document)));
    assertFails(Reason.INVALID_QUERY, "no text", () -> SearchRequest.of(" "));
    assertFails(Reason.INVALID_QUERY, "limit is 0", () -> SearchRequest.builder().text("x").limit(0).build());
    assertFails(Reason.INVALID_QUERY, "from 2.0 to 1.0", () -> Filter.range("x", 2, 1));
    assertThat(docs.documents()).isEmpty();
  }

  @Test
  void deeplyNestedFiltersAreRefused() {
    Filter filter = Filter.equal("a", 1);
    for (int i = 1; i < Filter.MAX_DEPTH; i++) {
      filter = Filter.not(filter);
    }
    docs.documents(filter);
    Filter deepest = filter;
    assertFails(Reason.INVALID_QUERY, "33 deep", () -> Filter.not(deepest));
  }

  @Test
  void longQueriesAreAnswered() {
    docs.upsert(Document.of("a", "needle"));
    StringBuilder text = new StringBuilder("needle");
    IntStream.range(0, 5_000).forEach(i -> text.append(" word").append(i));
    assertThat(ids(request(SearchMode.HYBRID, text.toString()))).containsExactly("a");
  }

  @Test
  void searchesSeeWhatThreadsHaveStored() throws Exception {
    int threads = 4;
    int each = 25;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> futures = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int thread = t;
        Callable<Void> work =
            () -> {
              for (int i = 0; i < each; i++) {
                String id = "t" + thread + "n" + i;
                docs.upsert(Document.of(id, "entry " + id));
                assertThat(ids(request(SearchMode.BM25, id))).containsExactly(id);
              }
              return null;
            };
        futures.add(executor.submit(work));
      }
      for (Future<Void> future : futures) {
        future.get();
      }
    }
    assertThat(docs.info().documents()).isEqualTo(threads * each);
  }

  @Test
  void anInterruptedCallerSaysSoAndHarmsNothing() {
    Thread.currentThread().interrupt();
    assertFails(Reason.INTERRUPTED, "interrupted", () -> docs.upsert(Document.of("a", "text")));
    assertThat(Thread.interrupted()).isTrue();

    docs.upsert(Document.of("b", "text"));
    assertThat(ids(request(SearchMode.BM25, "text"))).contains("b");
  }
}
