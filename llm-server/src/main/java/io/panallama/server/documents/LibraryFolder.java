package io.panallama.server.documents;

import io.panallama.platform.FileTrouble;
import io.panallama.server.documents.LibraryException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a library. Every name in it is an id that the library made: nothing that a client sends becomes part of a path.
 *
 * <pre>
 * lock
 * files/file-ID            the bytes of a file
 * files/file-ID.json       what is known of it; without this, the bytes are no file
 * uploads/upload_ID/upload.json  an upload; without this, the folder is no upload
 * uploads/upload_ID/part_ID      the bytes of a part of it
 * stores/vs_ID/store.json  a vector store; without this, the folder is no store
 * stores/vs_ID/file-ID.json, vsfb_ID.json  its files and batches
 * index/                   the collections of llm-search, one for each vector store
 * incoming/                what is being written
 * </pre>
 *
 * <p>What is written is on the disk, whole, when {@link #write} or {@link #moveIn} returns. Thread-safe.
 */
class LibraryFolder implements AutoCloseable {
  private static final String JSON = ".json";
  private static final String STORE = "store" + JSON;
  private static final String UPLOAD = "upload" + JSON;

  private final Path root;
  private final FileChannel lockFile;
  private final FileLock lock;

  /**
   * Takes the folder, which is made if it does not exist.
   *
   * @throws LibraryException with {@link Reason#LOCKED} if another server uses it, {@link Reason#STORAGE} if it can't be used
   */
  LibraryFolder(Path folder) {
    root = folder.toAbsolutePath().normalize();
    try {
      for (String name : List.of("files", "uploads", "stores", "index", "incoming")) {
        Files.createDirectories(root.resolve(name));
      }
      lockFile = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException failure) {
      throw failed("The folder for files, " + root + ", can't be used", failure);
    }
    try {
      lock = requireFree(tryLock());
      for (Path left : list(root.resolve("incoming"))) {
        delete(left);
      }
    } catch (RuntimeException refused) {
      closeQuietly();
      throw refused;
    }
  }

  private @Nullable FileLock tryLock() {
    try {
      return lockFile.tryLock();
    } catch (OverlappingFileLockException ours) {
      return null;
    } catch (IOException failure) {
      throw failed("The folder for files, " + root + ", can't be locked", failure);
    }
  }

  private FileLock requireFree(@Nullable FileLock got) {
    if (got == null) {
      throw new LibraryException(
          Reason.LOCKED,
          "Another server keeps its files in "
              + root
              + "; stop it, give this one another folder with --files, or start it with --no-files.");
    }
    return got;
  }

  /** The folder, absolute. */
  Path root() {
    return root;
  }

  /** The bytes of a file. */
  Path content(String fileId) {
    return root.resolve("files").resolve(fileId);
  }

  /** What is known of a file. */
  Path file(String fileId) {
    return root.resolve("files").resolve(fileId + JSON);
  }

  private Path uploadFolder(String uploadId) {
    return root.resolve("uploads").resolve(uploadId);
  }

  /** What is known of an upload. */
  Path upload(String uploadId) {
    return uploadFolder(uploadId).resolve(UPLOAD);
  }

  /** The bytes of a part of an upload. */
  Path uploadPart(String uploadId, String partId) {
    return uploadFolder(uploadId).resolve(partId);
  }

  /** The folder of a vector store. */
  Path store(String storeId) {
    return root.resolve("stores").resolve(storeId);
  }

  /** What is known of a vector store. */
  Path settings(String storeId) {
    return store(storeId).resolve(STORE);
  }

  /** What is known of a file or a batch of a vector store. */
  Path part(String storeId, String id) {
    return store(storeId).resolve(id + JSON);
  }

  /** Where the collections are. */
  Path index() {
    return root.resolve("index");
  }

  /** Where a file can be written before it is whole. */
  Path incoming() {
    return root.resolve("incoming").resolve(UUID.randomUUID().toString());
  }

  /** The ids of what is kept in a folder in this form: the names in front of {@code .json}. */
  static List<String> ids(Path folder, String prefix) {
    return list(folder).stream()
        .map(path -> String.valueOf(path.getFileName()))
        .filter(name -> name.endsWith(JSON))
        .map(name -> name.substring(0, name.length() - JSON.length()))
        .filter(id -> Ids.isOne(prefix, id))
        .sorted()
        .toList();
  }

  /** The ids of all files and vector stores that the folder has the beginnings of, whole or not. */
  List<String> fileIds() {
    return list(root.resolve("files")).stream()
        .map(path -> String.valueOf(path.getFileName()).replaceFirst("\\.json$", ""))
        .filter(id -> Ids.isOne(Ids.FILE, id))
        .distinct()
        .sorted()
        .toList();
  }

  /** The ids of all uploads that the folder has the beginnings of, whole or not. */
  List<String> uploadIds() {
    return names(root.resolve("uploads"), Ids.UPLOAD);
  }

  /** The bytes of the parts of an upload by their ids, oldest first. */
  Map<String, Long> uploadParts(String uploadId) {
    Map<String, Long> parts = new LinkedHashMap<>();
    for (String id : names(uploadFolder(uploadId), Ids.PART)) {
      try {
        parts.put(id, Files.size(uploadPart(uploadId, id)));
      } catch (IOException failure) {
        throw failed("The part " + id + " can't be read", failure);
      }
    }
    return parts;
  }

  private static List<String> names(Path folder, String prefix) {
    return list(folder).stream()
        .map(path -> String.valueOf(path.getFileName()))
        .filter(id -> Ids.isOne(prefix, id))
        .sorted()
        .toList();
  }

  /** The ids of all vector stores that the folder has the beginnings of, whole or not. */
  List<String> storeIds() {
    return names(root.resolve("stores"), Ids.STORE);
  }

  private static List<Path> list(Path folder) {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      entries.forEach(all::add);
    } catch (IOException failure) {
      throw failed("The folder " + folder + " can't be read", failure);
    }
    return all;
  }

  /** Opens a file to be written; it must not exist. */
  OutputStream create(Path path) throws IOException {
    return Files.newOutputStream(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** The bytes of a small file; null if there is none. */
  byte @Nullable [] read(Path path) {
    try {
      return Files.exists(path) ? Files.readAllBytes(path) : null;
    } catch (IOException failure) {
      throw failed("The file " + path + " can't be read", failure);
    }
  }

  /** Writes a small file: all of it, or nothing. The folder is made if it does not exist. */
  void write(Path path, byte[] bytes) {
    Path incoming = incoming();
    try {
      Path folder = path.getParent();
      if (folder != null && !Files.exists(folder)) {
        Files.createDirectories(folder);
        sync(folder.getParent());
      }
      try (OutputStream out = create(incoming)) {
        out.write(bytes);
      }
      moveIn(incoming, path);
    } catch (IOException failure) {
      deleteQuietly(incoming);
      throw failed("The folder for files, " + root + ", can't be written", failure);
    }
  }

  /** Moves a file that was written to {@link #incoming} to its place. */
  void moveIn(Path incoming, Path place) {
    try (FileChannel written = FileChannel.open(incoming, StandardOpenOption.WRITE)) {
      written.force(true);
      Files.move(incoming, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      sync(place.getParent());
    } catch (IOException failure) {
      deleteQuietly(incoming);
      throw failed("The folder for files, " + root + ", can't be written", failure);
    }
  }

  /** A folder's names are on the disk, too. Windows has no such call, and does it by itself. */
  private static void sync(@Nullable Path folder) throws IOException {
    if (folder == null || System.getProperty("os.name").startsWith("Windows")) {
      return;
    }
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    }
  }

  /** Deletes a file; nothing happens if there is none. */
  void delete(Path path) {
    try {
      if (Files.deleteIfExists(path)) {
        sync(path.getParent());
      }
    } catch (IOException failure) {
      throw failed("The file " + path + " can't be deleted", failure);
    }
  }

  /** Deletes what is left of a file that nobody misses. */
  static void deleteQuietly(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException left) {
      System.getLogger(LibraryFolder.class.getName()).log(System.Logger.Level.DEBUG, "A file is left", left);
    }
  }

  /** Deletes the folder of a vector store; the file without which it is none goes first. */
  void deleteStore(String storeId) {
    delete(settings(storeId));
    deleteFolder(store(storeId));
  }

  /** Deletes the folder of an upload; the file without which it is none goes first. */
  void deleteUpload(String uploadId) {
    delete(upload(uploadId));
    deleteFolder(uploadFolder(uploadId));
  }

  private void deleteFolder(Path folder) {
    for (Path path : list(folder)) {
      delete(path);
    }
    delete(folder);
  }

  /** As {@link #deleteStore}, of one that could not be made. What is left is removed when the folder is opened again. */
  void deleteStoreQuietly(String storeId) {
    try {
      if (has(store(storeId))) {
        deleteStore(storeId);
      }
    } catch (LibraryException left) {
      System.getLogger(LibraryFolder.class.getName()).log(System.Logger.Level.DEBUG, "A folder is left", left);
    }
  }

  /** Whether there is such a file. */
  boolean has(Path path) {
    return Files.exists(path);
  }

  /** The exception for what happens to a file. */
  static LibraryException failed(String what, IOException failure) {
    String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    boolean full =
        message.contains("no space left")
            || message.contains("not enough space")
            || message.contains("disk quota exceeded");
    return full
        ? new LibraryException(
            Reason.DISK_FULL,
            "The disk is full, so nothing was stored; delete files or free some space, and send it again.",
            failure)
        : new LibraryException(Reason.STORAGE, what + ": " + FileTrouble.reason(failure), failure);
  }

  private void closeQuietly() {
    try {
      lockFile.close();
    } catch (IOException ignored) {
      System.getLogger(LibraryFolder.class.getName()).log(System.Logger.Level.DEBUG, "Closing a lock", ignored);
    }
  }

  /** Leaves the folder to others. Repeating it is harmless. */
  @Override
  public void close() {
    if (lock.isValid()) {
      closeQuietly();
    }
  }
}
