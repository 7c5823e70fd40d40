package io.panallama.search;

import io.panallama.platform.FileTrouble;
import io.panallama.search.document.CollectionInfo;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.internal.lucene.CollectionIndex;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A folder of collections.
 *
 * <p>Several processes may search a collection at the same time. The first change to it takes a lock, which is held until the
 * collection is closed; changes of other processes fail with {@link Reason#LOCKED} meanwhile, and their searches see what was
 * acknowledged.
 *
 * <p>Lifetime: from {@link #open} to {@link #close}, which closes the collections, too. Thread-safe.
 */
public final class DocumentStore implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");

  private final Path folder;
  private final Map<String, DocumentCollection> open = new TreeMap<>();
  private boolean closed;

  private DocumentStore(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens a store.
   *
   * @param folder made if it does not exist
   * @throws SearchException with {@link Reason#STORAGE} if it can't be made or is no folder
   */
  public static DocumentStore open(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException failure) {
      throw new SearchException(
          Reason.STORAGE, "The folder " + folder + " can't be made: " + FileTrouble.reason(failure), failure);
    }
    return new DocumentStore(folder.toAbsolutePath().normalize());
  }

  /** The folder, absolute. */
  public Path folder() {
    return folder;
  }

  /** The names of the collections, sorted. */
  public synchronized List<String> list() {
    requireOpen();
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, Files::isDirectory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (NAME.matcher(name).matches() && CollectionIndex.isIn(entry)) {
          names.add(name);
        }
      }
    } catch (IOException failure) {
      throw new SearchException(
          Reason.STORAGE, "The folder " + folder + " can't be read: " + FileTrouble.reason(failure), failure);
    }
    names.sort(null);
    return names;
  }

  /** Whether there is a collection of that name. */
  public synchronized boolean contains(String name) {
    requireOpen();
    return CollectionIndex.isIn(path(name));
  }

  /**
   * Makes an empty collection and opens it.
   *
   * @param name 1 to 64 small letters, digits, {@code _} and {@code -}, the first one a letter or digit
   * @throws SearchException with {@link Reason#COLLECTION_EXISTS}, {@link Reason#INVALID_NAME}, or what happens to files
   */
  public synchronized DocumentCollection create(String name, CollectionEmbedder embedder) {
    requireOpen();
    Path path = newPath(name);
    int dimensions = embedder.embedder().dimensions();
    if (dimensions < 1 || dimensions > CollectionIndex.MAX_DIMENSIONS) {
      throw new SearchException(
          Reason.WRONG_DIMENSIONS,
          "Vectors of "
              + embedder.model()
              + " have "
              + dimensions
              + " dimensions; a collection takes 1 to "
              + CollectionIndex.MAX_DIMENSIONS
              + ".");
    }
    CollectionIndex.create(what(name), path, embedder.model(), dimensions);
    return open(name, embedder);
  }

  /**
   * Opens a collection. One that is open in this store already is given again.
   *
   * @throws SearchException with {@link Reason#UNKNOWN_COLLECTION}; {@link Reason#OTHER_MODEL} if it was made with another
   *     model; {@link Reason#CORRUPTED} if files are damaged
   */
  public synchronized DocumentCollection open(String name, CollectionEmbedder embedder) {
    CollectionIndex index = index(name);
    try {
      requireModel(name, index.model(), index.dimensions(), embedder);
    } catch (SearchException refused) {
      closeUnused(name, index);
      throw refused;
    }
    DocumentCollection known = open.get(name);
    if (known != null && !known.isClosed() && known.hasEmbedder()) {
      return known;
    }
    DocumentCollection collection = new DocumentCollection(name, index, embedder);
    open.put(name, collection);
    return collection;
  }

  /**
   * Opens a collection without its embedding model: it can be searched by words and by given vectors, and documents with vectors
   * can be stored. One that is open in this store already is given again.
   *
   * @throws SearchException with {@link Reason#UNKNOWN_COLLECTION} or {@link Reason#CORRUPTED}
   */
  public synchronized DocumentCollection open(String name) {
    CollectionIndex index = index(name);
    DocumentCollection known = open.get(name);
    if (known != null && !known.isClosed()) {
      return known;
    }
    NoEmbedder none = new NoEmbedder(index.model(), index.dimensions());
    DocumentCollection collection =
        new DocumentCollection(name, index, new CollectionEmbedder(index.model(), none, none));
    open.put(name, collection);
    return collection;
  }

  /** The index of a collection, which is that of the open one if there is one. */
  private CollectionIndex index(String name) {
    requireOpen();
    DocumentCollection known = open.get(name);
    return known != null && !known.isClosed() ? known.index() : CollectionIndex.open(what(name), existing(name));
  }

  private void closeUnused(String name, CollectionIndex index) {
    DocumentCollection known = open.get(name);
    if (known == null || known.index() != index) {
      index.close();
    }
  }

  /** Opens a collection, which is made if it is not there; see {@link #open} and {@link #create}. */
  public synchronized DocumentCollection openOrCreate(String name, CollectionEmbedder embedder) {
    if (contains(name)) {
      return open(name, embedder);
    }
    try {
      return create(name, embedder);
    } catch (SearchException refused) {
      // Another process has made it a moment ago.
      if (refused.reason() == Reason.COLLECTION_EXISTS) {
        return open(name, embedder);
      }
      throw refused;
    }
  }

  private static void requireModel(String name, String model, int dimensions, CollectionEmbedder embedder) {
    if (!model.equals(embedder.model()) || dimensions != embedder.embedder().dimensions()) {
      throw new SearchException(
          Reason.OTHER_MODEL,
          "Collection "
              + name
              + " was made with the embedding model "
              + model
              + " ("
              + dimensions
              + " dimensions), not with "
              + embedder.model()
              + " ("
              + embedder.embedder().dimensions()
              + "); open it with that model, or make a new collection.");
    }
  }

  /**
   * The name of the embedding model with which a collection was made.
   *
   * @throws SearchException with {@link Reason#UNKNOWN_COLLECTION} or {@link Reason#CORRUPTED}
   */
  public synchronized String model(String name) {
    requireOpen();
    DocumentCollection known = open.get(name);
    if (known != null && !known.isClosed()) {
      return known.index().model();
    }
    try (CollectionIndex index = CollectionIndex.open(what(name), existing(name))) {
      return index.model();
    }
  }

  /**
   * A collection in numbers, without its embedder.
   *
   * @throws SearchException with {@link Reason#UNKNOWN_COLLECTION} or {@link Reason#CORRUPTED}
   */
  public synchronized CollectionInfo info(String name) {
    requireOpen();
    DocumentCollection known = open.get(name);
    if (known != null && !known.isClosed()) {
      return known.info();
    }
    try (CollectionIndex index = CollectionIndex.open(what(name), existing(name))) {
      return DocumentCollection.info(name, index);
    }
  }

  /**
   * Removes a collection with all its documents. One that is open in this store is closed first, even if the
   * rest fails.
   *
   * @throws SearchException with {@link Reason#UNKNOWN_COLLECTION}; {@link Reason#LOCKED} if another process writes to it
   */
  public synchronized void drop(String name) {
    requireOpen();
    Path path = existing(name);
    DocumentCollection known = open.remove(name);
    if (known != null) {
      known.close();
    }
    CollectionIndex.drop(what(name), path);
  }

  /**
   * Makes a collection of a snapshot ({@link DocumentCollection#snapshot}), every file of which is checked.
   *
   * @param name the new collection's
   * @param snapshot the folder of the snapshot
   * @throws SearchException with {@link Reason#COLLECTION_EXISTS}, or {@link Reason#CORRUPTED} if the folder holds no whole
   *     snapshot
   */
  public synchronized void restore(String name, Path snapshot) {
    requireOpen();
    CollectionIndex.restore(snapshot, newPath(name));
  }

  private Path newPath(String name) {
    Path path = path(name);
    if (CollectionIndex.isIn(path)) {
      throw new SearchException(
          Reason.COLLECTION_EXISTS, "There is a collection " + name + " in " + folder + " already; drop it first.");
    }
    try {
      Files.createDirectories(path);
    } catch (IOException failure) {
      throw new SearchException(
          Reason.STORAGE, "The folder " + path + " can't be made: " + FileTrouble.reason(failure), failure);
    }
    return path;
  }

  private Path existing(String name) {
    Path path = path(name);
    if (!CollectionIndex.isIn(path)) {
      List<String> names = list();
      throw new SearchException(
          Reason.UNKNOWN_COLLECTION,
          "There is no collection "
              + name
              + " in "
              + folder
              + "; "
              + (names.isEmpty() ? "there are none yet." : "there are " + String.join(", ", names) + "."));
    }
    return path;
  }

  private Path path(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new SearchException(
          Reason.INVALID_NAME,
          "'"
              + name
              + "' is no name of a collection; it must have 1 to 64 small letters, digits, _ and -, the first one a"
              + " letter or digit.");
    }
    return folder.resolve(name);
  }

  private String what(String name) {
    return "Collection " + name + " in " + folder;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("The store is closed.");
    }
  }

  /** Closes the collections. Repeating it is harmless. */
  @Override
  public synchronized void close() {
    closed = true;
    @Nullable RuntimeException first = null;
    for (DocumentCollection collection : open.values()) {
      try {
        collection.close();
      } catch (RuntimeException failure) {
        first = first == null ? failure : first;
      }
    }
    open.clear();
    if (first != null) {
      throw first;
    }
  }
}
