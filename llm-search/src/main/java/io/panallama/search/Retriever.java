package io.panallama.search;

import io.panallama.search.error.SearchException;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import io.panallama.search.query.PassageRanker;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A search with fixed settings: a question goes in, passages come out.
 *
 * <pre>{@code
 * Retriever retriever = Retriever.of(docs).withLimit(5).withFilter(Filter.equal("language", "en"));
 * for (Passage passage : retriever.retrieve("How do I reset my password?")) {
 *   IO.println(passage.document() + " " + passage.start() + "-" + passage.end() + ": " + passage.text());
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe. It is used as long as its collection is open.
 */
public final class Retriever {
  private final DocumentCollection collection;
  private final UnaryOperator<SearchRequest.Builder> settings;

  private Retriever(DocumentCollection collection, UnaryOperator<SearchRequest.Builder> settings) {
    this.collection = collection;
    this.settings = settings;
  }

  /** The best ten passages, by meaning and words. */
  public static Retriever of(DocumentCollection collection) {
    return new Retriever(collection, UnaryOperator.identity());
  }

  private Retriever with(UnaryOperator<SearchRequest.Builder> setting) {
    return new Retriever(collection, builder -> setting.apply(settings.apply(builder)));
  }

  /** With another {@link SearchRequest#mode}. */
  public Retriever withMode(SearchMode value) {
    return with(builder -> builder.mode(value));
  }

  /** With another {@link SearchRequest#limit}. */
  public Retriever withLimit(int value) {
    return with(builder -> builder.limit(value));
  }

  /** With other {@link SearchRequest#candidates}. */
  public Retriever withCandidates(int value) {
    return with(builder -> builder.candidates(value));
  }

  /** With another {@link SearchRequest#filter}. */
  public Retriever withFilter(Filter value) {
    return with(builder -> builder.filter(value));
  }

  /** With another {@link SearchRequest#ranker}. */
  public Retriever withRanker(PassageRanker value) {
    return with(builder -> builder.ranker(value));
  }

  /**
   * Finds passages, best first; see {@link DocumentCollection#search}.
   *
   * @throws SearchException also if a setting is out of range
   */
  public List<Passage> retrieve(String question) {
    return collection.search(settings.apply(SearchRequest.builder()).text(question).build());
  }
}
