package io.panallama.server.documents;

import io.panallama.search.DocumentCollection;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import io.panallama.server.documents.LibraryException.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** One search in several collections. For one thread. */
final class DocumentSearch {
  static final int MAX_QUERY = 16_384;
  static final int MAX_PASSAGES = 100;

  private final SearchRequest request;
  private final int limit;
  private final Optional<Filter> filter;
  private final double threshold;
  private final List<Hit> hits = new ArrayList<>();

  private record Hit(StoreFile file, Passage passage) {
    double score() {
      return Math.clamp(passage.ranks().cosine().orElse(0), 0, 1);
    }
  }

  /**
   * A search.
   *
   * @throws LibraryException with {@link Reason#INVALID} if a value is out of its range
   */
  DocumentSearch(String query, int limit, Optional<Filter> filter, double threshold) {
    if (query.isBlank() || query.length() > MAX_QUERY) {
      throw LibraryException.invalid(
          "query",
          "The query has " + query.length() + " characters; it must have 1 to " + MAX_QUERY + " and not be blank.");
    }
    if (limit < 1 || limit > MAX_PASSAGES) {
      throw LibraryException.invalid(
          "max_num_results", "The number of results is " + limit + "; it must be 1 to " + MAX_PASSAGES + ".");
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw LibraryException.invalid(
          "ranking_options.score_threshold", "The score threshold is " + threshold + "; it must be 0 to 1.");
    }
    this.limit = limit;
    this.filter = filter;
    this.threshold = threshold;
    // What is below the threshold is left out afterwards.
    int wanted = threshold > 0 ? 4 * limit : limit;
    this.request = SearchRequest.builder().text(query).mode(SearchMode.HYBRID).limit(wanted).build();
  }

  /** Searches the collection of a vector store that has these files. */
  void in(DocumentCollection collection, List<StoreFile> files) {
    Map<String, StoreFile> considered = new HashMap<>();
    boolean narrowed = false;
    for (StoreFile file : files) {
      if (filter.isPresent() && !AttributeMatch.matches(filter.get(), file)) {
        narrowed = true;
      } else if (file.state() == FileState.COMPLETED) {
        considered.put(file.document(), file);
      }
    }
    if (considered.isEmpty()) {
      return;
    }
    SearchRequest asked =
        narrowed ? request.toBuilder().filter(documents(List.copyOf(considered.keySet()))).build() : request;
    for (Passage passage : collection.search(asked)) {
      StoreFile file = considered.get(passage.document());
      // Others were removed meanwhile, or are not done.
      if (file != null) {
        hits.add(new Hit(file, passage));
      }
    }
  }

  private static Filter documents(List<String> ids) {
    List<Filter> parts = new ArrayList<>();
    for (int i = 0; i < ids.size(); i += Filter.MAX_PARTS) {
      parts.add(Filter.documents(ids.subList(i, Math.min(ids.size(), i + Filter.MAX_PARTS))));
    }
    return parts.size() == 1 ? parts.getFirst() : new Filter.Any(parts);
  }

  /**
   * What was found, best first. Each collection has ranked its own, and the places of several rankings can be compared.
   *
   * @param filenames gives the name of a file; empty if it is deleted
   */
  List<FoundPassage> found(Function<String, Optional<String>> filenames) {
    hits.sort(Comparator.comparingDouble((Hit hit) -> hit.passage().score()).reversed());
    List<FoundPassage> found = new ArrayList<>();
    for (Hit hit : hits) {
      Optional<String> filename = filenames.apply(hit.file().fileId());
      if (found.size() < limit && filename.isPresent() && hit.score() >= threshold) {
        Passage passage = hit.passage();
        found.add(
            new FoundPassage(
                hit.file().fileId(),
                filename.get(),
                hit.score(),
                hit.file().addition().attributes(),
                passage.text(),
                passage.firstPage(),
                passage.lastPage(),
                passage.headings()));
      }
    }
    return found;
  }
}
