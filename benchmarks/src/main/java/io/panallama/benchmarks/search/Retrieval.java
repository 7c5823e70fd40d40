package io.panallama.benchmarks.search;

import io.panallama.Embedder;
import io.panallama.Model;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Pooling;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentStore;
import io.panallama.search.document.Document;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A collection with the passages of a {@link QuestionSet}, of which its questions are asked. Not thread-safe. */
public final class Retrieval implements AutoCloseable {
  /** How many passages a search gives, and what a ranker sorts. */
  public static final int FOUND = 50;

  /** Candidates of each ranking: as many as a search for ten passages has by default. */
  private static final int CANDIDATES = 100;

  /** A way of searching. */
  public enum Way {
    /** By words. */
    BM25(SearchMode.BM25, CANDIDATES, false),
    /** By vectors. */
    VECTORS(SearchMode.VECTOR, CANDIDATES, false),
    /** By both. */
    HYBRID(SearchMode.HYBRID, CANDIDATES, false),
    /** By both, of fewer candidates. */
    HYBRID_OF_50(SearchMode.HYBRID, FOUND, false),
    /** By both, of fewer candidates, sorted by the vectors of tokens in the end. */
    HYBRID_OF_50_RERANKED(SearchMode.HYBRID, FOUND, true);

    private final SearchMode mode;
    private final int candidates;
    private final boolean ranked;

    Way(SearchMode mode, int candidates, boolean ranked) {
      this.mode = mode;
      this.candidates = candidates;
      this.ranked = ranked;
    }

    /** For people. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * What came of a way of searching.
   *
   * @param ranks where the right passages stood
   * @param milliseconds how long each search took
   */
  public record Result(Ranks ranks, List<Double> milliseconds) {}

  private final QuestionSet set;
  private final Model model;
  private final Embedder texts;
  private final Embedder tokens;
  private final LateInteraction ranker;
  private final DocumentStore store;
  private final DocumentCollection collection;

  private Retrieval(QuestionSet set, Model model, int threads, Path folder) {
    this.set = set;
    this.model = model;
    EmbedderConfig config = EmbedderConfig.builder().threads(threads).build();
    texts = Embedder.start(model, config);
    tokens = Embedder.start(model, config.toBuilder().pooling(Pooling.NONE).build());
    ranker = new LateInteraction(tokens);
    store = DocumentStore.open(folder);
    collection = store.create("passages", CollectionEmbedder.of("model", texts));
  }

  /**
   * Stores the passages.
   *
   * @param file an embedding model
   * @param threads for computing vectors; {@link EmbedderConfig#AUTO} for as many as there are processors
   * @param folder an empty folder for the collection
   */
  public static Retrieval of(QuestionSet set, Path file, int threads, Path folder) {
    Retrieval retrieval = new Retrieval(set, Model.load(file, ModelConfig.defaults()), threads, folder);
    retrieval.collection.upsert(
        set.passages().stream().map(passage -> Document.of(passage.id(), passage.text())).toList());
    return retrieval;
  }

  /** Asks all questions. */
  public Result measure(Way way) {
    return measure(way, set);
  }

  /** Asks questions of a set with the same passages. */
  public Result measure(Way way, QuestionSet asked) {
    List<Integer> ranks = new ArrayList<>();
    List<Double> milliseconds = new ArrayList<>();
    for (QuestionSet.Question question : asked.questions()) {
      SearchRequest.Builder request =
          SearchRequest.builder().text(question.text()).mode(way.mode).limit(FOUND).candidates(way.candidates);
      if (way.ranked) {
        request.ranker(ranker);
      }
      long begin = System.nanoTime();
      List<Passage> found = collection.search(request.build());
      milliseconds.add((System.nanoTime() - begin) / 1e6);
      // A passage that is too long has several parts; the best counts.
      List<String> documents = found.stream().map(Passage::document).distinct().toList();
      ranks.add(documents.indexOf(question.passage()) + 1);
    }
    return new Result(new Ranks(ranks), milliseconds);
  }

  @Override
  public void close() {
    store.close();
    tokens.close();
    texts.close();
    model.close();
  }
}
