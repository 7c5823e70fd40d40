package io.panallama.server.documents;

import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentStore;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The collections of vector stores: one for each, of the store's name, made when its first file is read. Thread-safe. */
final class StoreIndex implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(StoreIndex.class.getName());

  private final DocumentStore collections;
  private final CollectionEmbedder embedder;
  private final Function<String, Set<String>> documents;

  /** The collections that were found to have no documents but those of their store's files. */
  private final Set<String> cleaned = new HashSet<>();

  /**
   * The index in a folder.
   *
   * @param documents gives the ids of the documents that a vector store has
   */
  StoreIndex(Path folder, CollectionEmbedder embedder, Function<String, Set<String>> documents) {
    this.collections = DocumentStore.open(folder);
    this.embedder = embedder;
    this.documents = documents;
  }

  /** The names of the collections that there are. */
  List<String> list() {
    return collections.list();
  }

  /** The collection of a vector store; empty if none of its files has been read. */
  synchronized Optional<DocumentCollection> find(String storeId) {
    return collections.contains(storeId) ? Optional.of(clean(storeId)) : Optional.empty();
  }

  /** The collection of a vector store, which is made if there is none. */
  synchronized DocumentCollection get(String storeId) {
    return clean(storeId);
  }

  /** Removes what a kill in the middle of a change may have left: documents whose files were removed from their store. */
  private DocumentCollection clean(String storeId) {
    DocumentCollection collection = collections.openOrCreate(storeId, embedder);
    if (!cleaned.contains(storeId)) {
      Set<String> wanted = documents.apply(storeId);
      List<String> left =
          collection.documents().stream().map(DocumentSummary::id).filter(id -> !wanted.contains(id)).toList();
      if (!left.isEmpty()) {
        collection.delete(left);
      }
      cleaned.add(storeId);
    }
    return collection;
  }

  /** Removes documents as far as they are there. What fails is left for {@link #clean}. */
  void forget(String storeId, List<String> ids) {
    try {
      find(storeId).ifPresent(collection -> collection.delete(ids));
    } catch (SearchException | IllegalStateException failed) {
      LOG.log(System.Logger.Level.DEBUG, "Documents are left until the server starts again", failed);
    }
  }

  /** Removes the collection of a vector store. */
  synchronized void drop(String storeId) {
    if (collections.contains(storeId)) {
      collections.drop(storeId);
    }
    cleaned.remove(storeId);
  }

  /** As {@link #drop}, of a store that is deleted. What fails is left until the library is opened again. */
  void forget(String storeId) {
    try {
      drop(storeId);
    } catch (SearchException | IllegalStateException failed) {
      LOG.log(System.Logger.Level.DEBUG, "A collection is left until the server starts again", failed);
    }
  }

  @Override
  public void close() {
    collections.close();
  }
}
