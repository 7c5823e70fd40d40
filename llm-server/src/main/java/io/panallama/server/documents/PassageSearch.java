package io.panallama.server.documents;

import io.panallama.search.query.Filter;
import java.util.List;
import java.util.Optional;

/** What the tool {@code file_search} searches: a {@link DocumentLibrary}, or a fake in a test. Thread-safe. */
public interface PassageSearch {
  /** Whether there is a vector store of this id. */
  boolean hasStore(String id);

  /**
   * Finds passages in vector stores, best first.
   *
   * @param storeIds at least one
   * @param query what is asked; not blank
   * @param limit the most passages, 1 to 100
   * @param filter which files are considered, by their attributes; all of them by default
   * @param scoreThreshold the least score of a passage, 0 to 1
   * @throws LibraryException with {@link LibraryException.Reason#UNKNOWN_ID} if there is no such store, {@link
   *     LibraryException.Reason#EXPIRED} if it has expired, {@link LibraryException.Reason#INVALID} if a value is out of range
   */
  List<FoundPassage> search(
      List<String> storeIds, String query, int limit, Optional<Filter> filter, double scoreThreshold);
}
