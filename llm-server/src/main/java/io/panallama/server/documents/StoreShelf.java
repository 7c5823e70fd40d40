package io.panallama.server.documents;

import io.panallama.server.documents.LibraryException.Reason;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The vector stores, their files and batches. What changes them runs on the journal's thread. */
final class StoreShelf {
  /** The most files that wait to be read, of all vector stores together. */
  private static final int MAX_WAITING = 10_000;

  /** The most batches of a vector store that are remembered. */
  private static final int MAX_BATCHES = 1_000;

  /** How exactly the time of the last search is kept, in seconds: only the expiry depends on it. */
  private static final long ACTIVITY = 60;

  private final LibraryFolder folder;
  private final Journal journal;
  private final Stamps stamps;
  private final String model;

  /** By their ids, in the order in which they came. */
  private final Map<String, StoreState> stores = new LinkedHashMap<>();

  /**
   * No stores.
   *
   * @param model what the index of a store is made with
   */
  StoreShelf(LibraryFolder folder, Journal journal, Stamps stamps, String model) {
    this.folder = folder;
    this.journal = journal;
    this.stamps = stamps;
    this.model = model;
  }

  /** Adds a store that is in the folder. */
  void load(StoreState store) {
    stamps.after(store.kept().created());
    store.files().forEach(file -> stamps.after(file.created()));
    journal.locked(() -> stores.put(store.id(), store));
  }

  // ---- reads, with the lock ----

  List<VectorStore> all() {
    return stores.values().stream().map(store -> store.view(stamps.now())).toList();
  }

  Optional<StoreState> find(String id) {
    return Optional.ofNullable(stores.get(id));
  }

  StoreState require(String id) {
    return find(id).orElseThrow(() -> FileShelf.unknown("Vector store", id));
  }

  VectorStore view(String id) {
    return require(id).view(stamps.now());
  }

  /** A store that has not expired. */
  StoreState requireActive(String id) {
    StoreState store = require(id);
    if (store.isExpired(stamps.now())) {
      throw new LibraryException(
          Reason.EXPIRED, "The vector store " + id + " has expired; make another one, or change its expires_after.");
    }
    return store;
  }

  StoreFile requireFile(String storeId, String fileId) {
    return require(storeId)
        .file(fileId)
        .orElseThrow(() -> FileShelf.unknown("file in vector store " + storeId, fileId));
  }

  private static LibraryJson.KeptBatch requireBatch(StoreState store, String batchId) {
    return store
        .batch(batchId)
        .orElseThrow(() -> FileShelf.unknown("file batch in vector store " + store.id(), batchId));
  }

  FileBatch batch(String storeId, String batchId) {
    StoreState store = require(storeId);
    return store.view(requireBatch(store, batchId));
  }

  List<StoreFile> batchFiles(String storeId, String batchId) {
    StoreState store = require(storeId);
    requireBatch(store, batchId);
    return store.filesOf(batchId);
  }

  /** The entry of a store that is the one that was wanted, and not one that has replaced it. */
  Optional<StoreFile> current(StoreFile wanted) {
    return find(wanted.storeId())
        .flatMap(store -> store.file(wanted.fileId()))
        .filter(entry -> entry.created() == wanted.created());
  }

  /** The ids of the documents that a store has in the index. */
  Set<String> documents(String storeId) {
    return find(storeId).stream()
        .flatMap(store -> store.files().stream())
        .map(StoreFile::document)
        .collect(Collectors.toSet());
  }

  /** The files of all stores that are to be read. */
  List<StoreFile> waiting() {
    return stores.values().stream()
        .flatMap(store -> store.files().stream())
        .filter(file -> file.state() == FileState.IN_PROGRESS)
        .toList();
  }

  /** Whether the time of a store's last activity is to be noted. */
  boolean isLate(String storeId) {
    return find(storeId).filter(store -> stamps.now() - store.kept().lastActiveAt() >= ACTIVITY).isPresent();
  }

  // ---- changes ----

  /** Makes a store; the files that are to be read. */
  StoreState create(VectorStore.Settings settings, List<StoreFile.Addition> additions) {
    if (stores.size() >= DocumentLibrary.MAX_STORES) {
      throw new LibraryException(
          Reason.LIBRARY_FULL,
          "There are " + stores.size() + " vector stores, and no more are kept; delete some first.");
    }
    long created = stamps.next();
    String id = Ids.create(Ids.STORE, created);
    LibraryJson.KeptStore kept = new LibraryJson.KeptStore(created, settings, stamps.now(), model);
    StoreState store = new StoreState(id, kept);
    checkRoom(store, additions);
    try {
      write(id, additions, null).forEach(store::put);
      folder.write(folder.settings(id), LibraryJson.store(kept));
    } catch (LibraryException failed) {
      folder.deleteStoreQuietly(id);
      throw failed;
    }
    journal.locked(() -> stores.put(id, store));
    return store;
  }

  void change(String id, UnaryOperator<VectorStore.Settings> change) {
    StoreState store = require(id);
    LibraryJson.KeptStore before = store.kept();
    keep(
        store,
        new LibraryJson.KeptStore(before.created(), change.apply(before.settings()), stamps.now(), before.model()));
  }

  /** Notes that a store is used, if that was not noted a moment ago. */
  void touch(String id) {
    if (isLate(id)) {
      change(id, settings -> settings);
    }
  }

  private void keep(StoreState store, LibraryJson.KeptStore kept) {
    folder.write(folder.settings(store.id()), LibraryJson.store(kept));
    journal.locked(() -> {
      store.keep(kept);
      return kept;
    });
  }

  void delete(String id) {
    require(id);
    folder.deleteStore(id);
    journal.locked(() -> Optional.ofNullable(stores.remove(id)));
  }

  private void checkRoom(StoreState store, List<StoreFile.Addition> additions) {
    Set<String> ids = new HashSet<>();
    additions.forEach(addition -> ids.add(addition.fileId()));
    store.files().forEach(file -> ids.add(file.fileId()));
    if (additions.size() > DocumentLibrary.MAX_BATCH || ids.size() > DocumentLibrary.MAX_STORE_FILES) {
      throw new LibraryException(
          Reason.INVALID,
          "The vector store would get "
              + additions.size()
              + " files and have "
              + ids.size()
              + "; at most "
              + DocumentLibrary.MAX_BATCH
              + " are added at once, and a store has "
              + DocumentLibrary.MAX_STORE_FILES
              + " at most.");
    }
    int waiting = waiting().size();
    if (waiting + additions.size() > MAX_WAITING) {
      throw new LibraryException(Reason.BUSY, waiting + " files wait to be read; add more when these are done.");
    }
  }

  /** Writes files to the folder of a store; of a file that is named twice, the last addition counts. */
  private List<StoreFile> write(String storeId, List<StoreFile.Addition> additions, @Nullable String batch) {
    Map<String, StoreFile> added = new LinkedHashMap<>();
    for (StoreFile.Addition addition : additions) {
      added.put(
          addition.fileId(),
          new StoreFile(storeId, addition.fileId(), stamps.next(), addition, FileState.IN_PROGRESS, null, 0, batch));
    }
    added.values().forEach(file -> folder.write(folder.part(storeId, file.fileId()), LibraryJson.entry(file)));
    return List.copyOf(added.values());
  }

  /** Adds files to a store; {@code replaced} gets the entries that were there before. */
  List<StoreFile> add(
      String storeId, List<StoreFile.Addition> additions, @Nullable String batch, List<StoreFile> replaced) {
    StoreState store = requireActive(storeId);
    checkRoom(store, additions);
    if (batch != null) {
      write(store, new LibraryJson.KeptBatch(batch, stamps.next(), false));
    }
    List<StoreFile> fresh = write(storeId, additions, batch);
    journal.locked(() -> {
      fresh.forEach(file -> store.file(file.fileId()).ifPresent(replaced::add));
      fresh.forEach(store::put);
      return fresh;
    });
    touch(storeId);
    return fresh;
  }

  /** Puts an entry in place of that of the same file. */
  StoreFile replace(StoreFile changed) {
    folder.write(folder.part(changed.storeId(), changed.fileId()), LibraryJson.entry(changed));
    return hold(changed);
  }

  /** As {@link #replace}, but not on the disk. */
  StoreFile hold(StoreFile changed) {
    return journal.locked(() -> {
      require(changed.storeId()).put(changed);
      return changed;
    });
  }

  StoreFile remove(String storeId, String fileId) {
    StoreFile file = requireFile(storeId, fileId);
    folder.delete(folder.part(storeId, fileId));
    return journal.locked(() -> {
      require(storeId).remove(fileId);
      return file;
    });
  }

  /** Removes a file that is deleted from all stores; the entries that are gone. */
  List<StoreFile> withdraw(String fileId) {
    List<StoreFile> gone = new ArrayList<>();
    stores.values().forEach(store -> store.file(fileId).ifPresent(gone::add));
    gone.forEach(file -> remove(file.storeId(), fileId));
    return gone;
  }

  private void write(StoreState store, LibraryJson.KeptBatch batch) {
    if (store.batch(batch.id()).isEmpty() && store.batches() >= MAX_BATCHES) {
      store
          .oldestDone()
          .ifPresent(done -> {
            folder.delete(folder.part(store.id(), done.id()));
            journal.locked(() -> {
              store.removeBatch(done.id());
              return done;
            });
          });
    }
    folder.write(folder.part(store.id(), batch.id()), LibraryJson.batch(batch));
    journal.locked(() -> {
      store.put(batch);
      return batch;
    });
  }

  void cancel(String storeId, String batchId) {
    StoreState store = require(storeId);
    LibraryJson.KeptBatch batch = requireBatch(store, batchId);
    List<StoreFile> waiting =
        store.filesOf(batchId).stream().filter(file -> file.state() == FileState.IN_PROGRESS).toList();
    if (!waiting.isEmpty()) {
      write(store, new LibraryJson.KeptBatch(batchId, batch.created(), true));
      waiting.forEach(file -> replace(file.in(FileState.CANCELLED)));
    }
  }
}
