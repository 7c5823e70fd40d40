package io.panallama.server.documents;

import io.panallama.search.CollectionEmbedder;
import io.panallama.search.query.Filter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Uploaded files and the vector stores that are made of them, kept in a folder.
 *
 * <p>Lifetime: from {@link #open} to {@link #close}. Its owner closes it after the server and before the embedder. Thread-safe.
 */
public final class DocumentLibrary implements AutoCloseable {
  private final CollectionEmbedder embedder;
  private final LibraryLimits limits;

  private DocumentLibrary(CollectionEmbedder embedder, LibraryLimits limits) {
    this.embedder = embedder;
    this.limits = limits;
  }

  /**
   * Opens the library in a folder, which no other server may use meanwhile.
   *
   * @param folder made if it does not exist
   * @param embedder makes the vectors; its owner closes it after the library
   * @throws LibraryException with {@link LibraryException.Reason#LOCKED} if another server uses the folder
   */
  public static DocumentLibrary open(Path folder, CollectionEmbedder embedder, LibraryLimits limits) {
    return new DocumentLibrary(embedder, limits);
  }

  /** How much it takes. */
  public LibraryLimits limits() {
    return limits;
  }

  /** The name of the embedding model. */
  public String model() {
    return embedder.model();
  }

  /** Whether there is a vector store of this id. */
  public boolean hasStore(String id) {
    return false;
  }

  /**
   * Finds passages in vector stores, best first: by meaning and words, as {@link io.panallama.search.query.SearchMode#HYBRID} does.
   *
   * @param storeIds at least one
   * @param query what is asked; not blank
   * @param limit the most passages, 1 to 100
   * @param filter which files are considered, by their attributes; all of them by default
   * @param scoreThreshold the least score of a passage, 0 to 1
   * @throws LibraryException with {@link LibraryException.Reason#UNKNOWN_ID} if there is no such store, {@link
   *     LibraryException.Reason#EXPIRED} if it has expired, {@link LibraryException.Reason#INVALID} if a value is out of range
   * @throws io.panallama.search.error.SearchException if the index can't be read
   * @throws io.panallama.error.PanallamaException what the embedder throws
   */
  public List<FoundPassage> search(
      List<String> storeIds, String query, int limit, Optional<Filter> filter, double scoreThreshold) {
    throw new LibraryException(
        LibraryException.Reason.UNKNOWN_ID, "No such Vector store: " + String.join(", ", storeIds));
  }

  /** Ends the work in progress, which goes on when the library is opened again. Repeating it is harmless. */
  @Override
  public void close() {}
}
