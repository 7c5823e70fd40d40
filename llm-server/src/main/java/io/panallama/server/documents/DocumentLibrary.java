package io.panallama.server.documents;

import io.panallama.search.CollectionEmbedder;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import io.panallama.server.documents.LibraryException.Reason;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Uploaded files and the vector stores that are made of them, kept in a folder.
 *
 * <p>What a method has changed is on the disk when it returns. Files that are added to a vector store are read in the background; after
 * a crash, those that were not done are begun again. If the embedding model is another one than before, all are.
 *
 * <p>Everything is bounded: {@link LibraryLimits} bounds the bytes, {@link #MAX_FILES}, {@link #MAX_STORES} and {@link
 * #MAX_STORE_FILES} the numbers.
 *
 * <p>Lifetime: from {@link #open} to {@link #close}. Its owner closes it after the server and before the embedder. Thread-safe.
 */
public final class DocumentLibrary implements PassageSearch, AutoCloseable {
  /** The most files. */
  public static final int MAX_FILES = 20_000;

  /** The most vector stores. */
  public static final int MAX_STORES = 256;

  /** The most files of a vector store. */
  public static final int MAX_STORE_FILES = 10_000;

  /** The most files that may be added to a vector store at once. */
  public static final int MAX_BATCH = 2_000;

  /** The most characters of a query. */
  public static final int MAX_QUERY = DocumentSearch.MAX_QUERY;

  /** The most passages of a search. */
  public static final int MAX_PASSAGES = DocumentSearch.MAX_PASSAGES;

  private final CollectionEmbedder embedder;
  private final LibraryLimits limits;
  private final LibraryFolder folder;
  private final Journal journal = new Journal();
  private final Stamps stamps;
  private final FileShelf files;
  private final Uploads uploads;
  private final StoreShelf stores;
  private final StoreIndex index;
  private final Ingest ingest;
  private final Upkeep upkeep;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DocumentLibrary(LibraryFolder folder, CollectionEmbedder embedder, LibraryLimits limits, Clock clock) {
    this.stamps = new Stamps(clock);
    // Vectors of other models or lengths can't be compared.
    String model = embedder.model() + "/" + embedder.embedder().dimensions();
    this.folder = folder;
    this.embedder = embedder;
    this.limits = limits;
    this.files = new FileShelf(folder, limits, journal, stamps);
    this.uploads = new Uploads(folder, files, limits, journal, stamps, Uploads.Bounds.DEFAULT);
    this.stores = new StoreShelf(folder, journal, stamps, model);
    this.index = new StoreIndex(folder.index(), embedder, this::documents);
    this.ingest = new Ingest(this, folder, index);
    this.upkeep = new Upkeep(this, index, clock);
    LibraryLoader loader = new LibraryLoader(folder, index, model);
    loader.files().forEach(files::load);
    Set<String> ids = files.all().stream().map(StoredFile::id).collect(Collectors.toSet());
    loader.uploads(ids).forEach(uploads::load);
    loader.stores(ids).forEach(stores::load);
  }

  /**
   * Opens the library in a folder, which no other server may use meanwhile.
   *
   * @param folder made if it does not exist
   * @param embedder makes the vectors; its owner closes it after the library
   * @throws LibraryException with {@link Reason#LOCKED} if another server uses the folder, {@link Reason#STORAGE} if it can't be used
   * @throws io.panallama.search.error.SearchException if the index can't be used
   */
  public static DocumentLibrary open(Path folder, CollectionEmbedder embedder, LibraryLimits limits) {
    DocumentLibrary library = open(new LibraryFolder(folder), embedder, limits, Clock.systemUTC());
    library.upkeep.start();
    return library;
  }

  /** Opens the library in a folder, which it then owns, and which it tidies up when it is told to. */
  static DocumentLibrary open(LibraryFolder folder, CollectionEmbedder embedder, LibraryLimits limits, Clock clock) {
    try {
      DocumentLibrary library = new DocumentLibrary(folder, embedder, limits, clock);
      library.stores.waiting().forEach(library.ingest::add);
      return library;
    } catch (RuntimeException | Error refused) {
      folder.close();
      throw refused;
    }
  }

  /** How much it takes. */
  public LibraryLimits limits() {
    return limits;
  }

  /** The folder, absolute. */
  public Path folder() {
    return folder.root();
  }

  /** The name of the embedding model. */
  public String model() {
    return embedder.model();
  }

  /** When the thing with an id of this library was made, in microseconds since 1970; empty if it is no such id. */
  public static OptionalLong created(String id) {
    return Ids.stamp(id);
  }

  // ---- files ----

  /**
   * Begins an upload, which the caller closes.
   *
   * @throws LibraryException with what happens to files
   */
  public IncomingFile receive() {
    return new IncomingFile(this, new IncomingBytes(files, folder));
  }

  /** Files that come in parts. */
  public Uploads uploads() {
    return uploads;
  }

  StoredFile keep(Path incoming, long length, String filename, String purpose, OptionalLong secondsToKeep) {
    String label = FileShelf.label(filename);
    FileShelf.checkName("file", label);
    FileShelf.checkPurpose(purpose);
    FileShelf.checkSeconds("expires_after[seconds]", secondsToKeep);
    expire();
    return journal.change(() -> files.keep(incoming, files.plan(length, label, purpose, secondsToKeep)));
  }

  /** The files, oldest first. */
  public List<StoredFile> files() {
    expire();
    return journal.locked(files::all);
  }

  /**
   * A file.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public StoredFile file(String id) {
    expire();
    return journal.locked(() -> files.require(id));
  }

  /**
   * Opens the bytes of a file; the caller closes them.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public InputStream content(String id) {
    return files.open(file(id).id());
  }

  /**
   * Deletes a file, also from the vector stores that have it.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public void deleteFile(String id) {
    expire();
    delete(List.of(id), true);
  }

  /** Deletes the files whose time has come, and the parts of uploads that were not completed in time. */
  void expire() {
    uploads.expire();
    List<String> expired = journal.locked(files::expired);
    if (!expired.isEmpty()) {
      delete(expired, false);
    }
  }

  private void delete(List<String> ids, boolean must) {
    List<StoreFile> gone =
        journal.change(() -> {
          List<StoreFile> all = new ArrayList<>();
          for (String id : ids) {
            if (must) {
              files.require(id);
            }
            files.delete(id);
            all.addAll(stores.withdraw(id));
          }
          return all;
        });
    gone.forEach(this::forget);
  }

  private void forget(StoreFile file) {
    index.forget(file.storeId(), List.of(file.document()));
  }

  // ---- vector stores ----

  /**
   * Makes a vector store with files, which are read in the background.
   *
   * @param additions may be empty; at most {@link #MAX_BATCH}
   * @throws LibraryException with {@link Reason#UNKNOWN_ID} if there is no such file, {@link Reason#LIBRARY_FULL} if there are too many
   *     stores, {@link Reason#INVALID} if there are too many files, {@link Reason#BUSY}, or what happens to files; then no store is made
   */
  public VectorStore createStore(VectorStore.Settings settings, List<StoreFile.Addition> additions) {
    expire();
    return journal.change(() -> {
      requireFiles(additions);
      StoreState store = stores.create(settings, additions);
      store.files().forEach(ingest::add);
      return stores.view(store.id());
    });
  }

  private void requireFiles(List<StoreFile.Addition> additions) {
    additions.forEach(addition -> files.require(addition.fileId()));
  }

  /** The vector stores, oldest first. */
  public List<VectorStore> stores() {
    expire();
    return journal.locked(stores::all);
  }

  @Override
  public boolean hasStore(String id) {
    return journal.locked(() -> stores.find(id).isPresent());
  }

  /**
   * A vector store.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public VectorStore store(String id) {
    expire();
    return journal.locked(() -> stores.view(id));
  }

  /**
   * Changes the settings of a vector store, which counts as activity.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public VectorStore changeStore(String id, UnaryOperator<VectorStore.Settings> change) {
    return journal.change(() -> {
      stores.change(id, change);
      return stores.view(id);
    });
  }

  /**
   * Deletes a vector store; its files stay.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public void deleteStore(String id) {
    journal.change(() -> {
      stores.delete(id);
      index.forget(id);
      upkeep.dropped(id);
      return id;
    });
  }

  // ---- the files of a vector store ----

  /**
   * Adds a file to a vector store, in place of what the store has of it. It is read in the background.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, {@link Reason#EXPIRED}, {@link Reason#INVALID} if the store has too many
   *     files, {@link Reason#BUSY}, or what happens to files
   */
  public StoreFile addFile(String storeId, StoreFile.Addition addition) {
    return add(storeId, List.of(addition), null).getFirst();
  }

  private List<StoreFile> add(String storeId, List<StoreFile.Addition> additions, @Nullable String batch) {
    expire();
    List<StoreFile> replaced = new ArrayList<>();
    List<StoreFile> added =
        journal.change(() -> {
          stores.requireActive(storeId);
          requireFiles(additions);
          List<StoreFile> fresh = stores.add(storeId, additions, batch, replaced);
          fresh.forEach(ingest::add);
          return fresh;
        });
    replaced.forEach(this::forget);
    return added;
  }

  /**
   * The files of a vector store, oldest first.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public List<StoreFile> storeFiles(String storeId) {
    expire();
    return journal.locked(() -> stores.require(storeId).files());
  }

  /**
   * A file of a vector store.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public StoreFile storeFile(String storeId, String fileId) {
    expire();
    return journal.locked(() -> stores.requireFile(storeId, fileId));
  }

  /**
   * The passages of a file of a vector store, in their order, each with what it repeats of the one before it; none before it is {@link
   * FileState#COMPLETED}.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   * @throws io.panallama.search.error.SearchException if the index can't be read
   */
  public List<String> passages(String storeId, String fileId) {
    String document = storeFile(storeId, fileId).document();
    return index
        .find(storeId)
        .map(collection -> collection.passages(document).stream().map(Passage::text).toList())
        .orElse(List.of());
  }

  /**
   * Replaces the attributes of a file of a vector store; searches that begin now see the new ones.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, {@link Reason#INVALID}, or what happens to files
   */
  public StoreFile changeAttributes(String storeId, String fileId, Map<String, Object> attributes) {
    return journal.change(() -> stores.replace(stores.requireFile(storeId, fileId).with(attributes)));
  }

  /**
   * Removes a file from a vector store; the file stays.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public void removeFile(String storeId, String fileId) {
    forget(journal.change(() -> stores.remove(storeId, fileId)));
  }

  // ---- batches ----

  /**
   * Adds files to a vector store together; see {@link #addFile}.
   *
   * @param additions at most {@link #MAX_BATCH}
   */
  public FileBatch addBatch(String storeId, List<StoreFile.Addition> additions) {
    String id = Ids.create(Ids.BATCH, stamps.next());
    add(storeId, additions, id);
    return batch(storeId, id);
  }

  /**
   * A batch; the oldest ones are forgotten when there are more than a thousand of a vector store.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public FileBatch batch(String storeId, String batchId) {
    return journal.locked(() -> stores.batch(storeId, batchId));
  }

  /**
   * The files of a batch that its vector store still has, oldest first.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}
   */
  public List<StoreFile> batchFiles(String storeId, String batchId) {
    return journal.locked(() -> stores.batchFiles(storeId, batchId));
  }

  /**
   * Cancels a batch: its files that are not read yet won't be. Repeating it is harmless.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, or what happens to files
   */
  public FileBatch cancelBatch(String storeId, String batchId) {
    return journal.change(() -> {
      stores.cancel(storeId, batchId);
      return stores.batch(storeId, batchId);
    });
  }

  // ---- searches ----

  /**
   * Finds passages in vector stores, best first: by meaning and words, as {@link io.panallama.search.query.SearchMode#HYBRID} does.
   *
   * @param storeIds at least one
   * @param query what is asked; not blank, and at most {@link #MAX_QUERY} characters
   * @param limit the most passages, 1 to {@link #MAX_PASSAGES}
   * @param filter which files are considered, by their attributes; all of them by default
   * @param scoreThreshold the least score of a passage, 0 to 1
   * @throws LibraryException with {@link Reason#UNKNOWN_ID} if there is no such store, {@link Reason#EXPIRED} if it has expired, {@link
   *     Reason#INVALID} if a value is out of range
   * @throws io.panallama.search.error.SearchException if the index can't be read
   * @throws io.panallama.error.PanallamaException what the embedder throws
   */
  @Override
  public List<FoundPassage> search(
      List<String> storeIds, String query, int limit, Optional<Filter> filter, double scoreThreshold) {
    DocumentSearch search = new DocumentSearch(query, limit, filter, scoreThreshold);
    expire();
    Map<String, List<StoreFile>> considered = new LinkedHashMap<>();
    journal.locked(() -> {
      storeIds.forEach(id -> considered.put(id, stores.requireActive(id).files()));
      return considered;
    });
    considered.forEach((id, all) -> index.find(id).ifPresent(collection -> search.in(collection, all)));
    List<FoundPassage> found = journal.locked(() -> search.found(id -> files.find(id).map(StoredFile::filename)));
    considered.keySet().forEach(upkeep::searched);
    considered.keySet().stream().filter(id -> journal.locked(() -> stores.isLate(id))).forEach(this::touch);
    return found;
  }

  private void touch(String storeId) {
    journal.change(() -> {
      stores.touch(storeId);
      return storeId;
    });
  }

  // ---- what the ingest and the index ask ----

  /** The file that is still to be read for an entry of a vector store. */
  Optional<StoredFile> waiting(StoreFile wanted) {
    return journal.locked(() ->
        stores
            .current(wanted)
            .filter(entry -> entry.state() == FileState.IN_PROGRESS)
            .flatMap(entry -> files.find(entry.fileId())));
  }

  /** Notes how the reading of a file ended; false if nobody waits for it any more. */
  boolean ended(StoreFile wanted, UnaryOperator<StoreFile> end) {
    return journal.change(() -> {
      Optional<StoreFile> waiting = stores.current(wanted).filter(entry -> entry.state() == FileState.IN_PROGRESS);
      waiting
          .map(end)
          .ifPresent(ended -> {
            try {
              stores.replace(ended);
            } catch (LibraryException unwritten) {
              if (ended.state() != FileState.FAILED) {
                throw unwritten;
              }
              // The disk does not know, so it is begun again when the library is opened.
              stores.hold(ended);
            }
          });
      upkeep.changed(wanted.storeId());
      return waiting.isPresent();
    });
  }

  /** Whether files of vector stores are read, or wait for it. */
  boolean isReading() {
    return journal.locked(() -> !stores.waiting().isEmpty());
  }

  /** What is done now and then. */
  Upkeep upkeep() {
    return upkeep;
  }

  private Set<String> documents(String storeId) {
    return journal.locked(() -> stores.documents(storeId));
  }

  /** Ends the work in progress, which goes on when the library is opened again. Repeating it is harmless. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      upkeep.close();
      ingest.close();
      journal.close();
      index.close();
      folder.close();
    }
  }
}
