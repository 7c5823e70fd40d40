package io.panallama.server.documents;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads what is in the folder of a library, and removes what a kill in the middle of a change has left. A file that is damaged is left
 * alone, and logged.
 */
final class LibraryLoader {
  private static final System.Logger LOG = System.getLogger(LibraryLoader.class.getName());

  private final LibraryFolder folder;
  private final StoreIndex index;
  private final String model;

  /**
   * A reader of a folder.
   *
   * @param model what the indexes have to be made with; the files of others are read again
   */
  LibraryLoader(LibraryFolder folder, StoreIndex index, String model) {
    this.folder = folder;
    this.index = index;
    this.model = model;
  }

  /** The files, oldest first. */
  List<StoredFile> files() {
    List<StoredFile> files = new ArrayList<>();
    for (String id : folder.fileIds()) {
      byte[] json = folder.read(folder.file(id));
      if (json == null) {
        folder.delete(folder.content(id));
      } else if (!folder.has(folder.content(id))) {
        folder.delete(folder.file(id));
      } else {
        LibraryJson.read("The file " + id, json, read -> LibraryJson.file(id, read)).ifPresent(files::add);
      }
    }
    files.sort(Comparator.comparingLong(StoredFile::created));
    return files;
  }

  /**
   * The uploads, oldest first, with their parts.
   *
   * @param files the ids of the files
   */
  List<UploadState> uploads(Set<String> files) {
    List<UploadState> uploads = new ArrayList<>();
    for (String id : folder.uploadIds()) {
      byte[] json = folder.read(folder.upload(id));
      if (json == null) {
        folder.deleteUpload(id);
        continue;
      }
      LibraryJson.read("The upload " + id, json, read -> LibraryJson.upload(id, read))
          .map(kept -> upload(kept, files))
          .ifPresent(uploads::add);
    }
    uploads.sort(Comparator.comparingLong(upload -> upload.kept().created()));
    return uploads;
  }

  private UploadState upload(LibraryJson.KeptUpload kept, Set<String> files) {
    UploadState upload = new UploadState(kept, folder.uploadParts(kept.id()));
    LibraryJson.Completion completion = kept.completion();
    if (completion != null && !files.contains(completion.fileId()) && upload.partCount() > 0) {
      // The process was killed before the file was in its place; otherwise there would be no parts any more.
      upload.keep(kept.pending());
      folder.write(folder.upload(kept.id()), LibraryJson.upload(kept.pending()));
    }
    return upload;
  }

  /**
   * The vector stores, oldest first, with those of their files that there are.
   *
   * @param files the ids of the files
   */
  List<StoreState> stores(Set<String> files) {
    List<StoreState> stores = new ArrayList<>();
    for (String id : folder.storeIds()) {
      byte[] json = folder.read(folder.settings(id));
      if (json == null) {
        folder.deleteStore(id);
        continue;
      }
      LibraryJson.read("The vector store " + id, json, LibraryJson::store)
          .map(kept -> store(id, kept, files))
          .ifPresent(stores::add);
    }
    List<String> known = folder.storeIds();
    index.list().stream().filter(name -> !known.contains(name)).forEach(index::drop);
    stores.sort(Comparator.comparingLong(store -> store.kept().created()));
    return stores;
  }

  private StoreState store(String id, LibraryJson.KeptStore kept, Set<String> files) {
    StoreState store = new StoreState(id, kept);
    List<StoreFile> entries = new ArrayList<>();
    for (String fileId : LibraryFolder.ids(folder.store(id), Ids.FILE)) {
      if (!files.contains(fileId)) {
        folder.delete(folder.part(id, fileId));
        continue;
      }
      Optional<StoreFile> entry =
          LibraryJson.read(
              "The file " + fileId + " of the vector store " + id,
              folder.read(folder.part(id, fileId)),
              json -> LibraryJson.entry(id, fileId, json));
      entry.ifPresent(entries::add);
    }
    entries.sort(Comparator.comparingLong(StoreFile::created));
    entries.forEach(store::put);
    for (String batch : LibraryFolder.ids(folder.store(id), Ids.BATCH)) {
      LibraryJson.read(
              "The batch " + batch, folder.read(folder.part(id, batch)), json -> LibraryJson.batch(batch, json))
          .ifPresent(store::put);
    }
    if (!kept.model().equals(model)) {
      readAgain(store);
    }
    return store;
  }

  /** Vectors of another model can't be searched, so the files are read again. */
  private void readAgain(StoreState store) {
    LOG.log(
        System.Logger.Level.INFO,
        "The vector store {0} was made with the embedding model {1}; its files are read again with {2}.",
        store.id(),
        store.kept().model(),
        model);
    index.drop(store.id());
    for (StoreFile file : store.files()) {
      if (file.state() == FileState.COMPLETED) {
        StoreFile again = file.in(FileState.IN_PROGRESS);
        folder.write(folder.part(store.id(), file.fileId()), LibraryJson.entry(again));
        store.put(again);
      }
    }
    LibraryJson.KeptStore before = store.kept();
    LibraryJson.KeptStore now =
        new LibraryJson.KeptStore(before.created(), before.settings(), before.lastActiveAt(), model);
    folder.write(folder.settings(store.id()), LibraryJson.store(now));
    store.keep(now);
  }
}
