package io.panallama.search;

import io.panallama.error.EmbeddingException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PanallamaException;
import io.panallama.platform.FileTrouble;
import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.ingest.IndexListener;
import io.panallama.search.ingest.IndexProgress;
import io.panallama.search.ingest.IndexReport;
import io.panallama.search.internal.lucene.NewPassage;
import io.panallama.search.internal.text.FileHash;
import io.panallama.search.internal.text.FileNames;
import io.panallama.search.internal.text.FolderFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps a collection equal to folders of files.
 *
 * <p>Each file is a document, whose id is the file's absolute path, or its {@code file:} URI if a name of the path
 * is no text in UTF-8. Its metadata say where it comes from: {@link #FOLDER}, {@link
 * #PATH}, {@link #SHA256} and {@link #READ}. Several folders may share a collection, also with other documents, and may lie
 * inside each other.
 *
 * <p>Updates may run on several threads, as long as their folders do not overlap. Those of another process fail with {@link
 * Reason#LOCKED} at once.
 */
public final class FolderIndex {
  /** Metadata: the folder's absolute path. */
  public static final String FOLDER = "folder";

  /** Metadata: the path within the folder, with {@code /} between names. */
  public static final String PATH = "path";

  /** Metadata: the hash of the file's content, in hexadecimal digits. */
  public static final String SHA256 = "sha256";

  /** Metadata: how the file was read and divided. */
  public static final String READ = "read";

  /** What is stored at once: a commit for each, and not much that a stop loses. */
  private static final int MOST_FILES = 8;

  private static final int MOST_CHARACTERS = 30_000;

  private final DocumentCollection collection;
  private final DocumentReader reader;
  private final ChunkConfig chunks;

  /** Files are read by {@code reader}, which the caller closes, and divided by {@code chunks}. */
  public FolderIndex(DocumentCollection collection, DocumentReader reader, ChunkConfig chunks) {
    this.collection = collection;
    this.reader = reader;
    this.chunks = chunks;
  }

  /**
   * Adds the files of a folder and its subfolders that are new, replaces those whose content has changed, and removes those that
   * are gone. One file's trouble, such as a text that the model does not take, is told to the listener and keeps no other from
   * being stored. Files and folders whose names begin with a dot and links to folders are left out, and files of kinds that are
   * not read are ignored. What was stored when it ends early is kept, and the next update goes on from there. After many changes
   * it {@linkplain DocumentCollection#compact compacts} the collection.
   *
   * @throws SearchException if the folder can't be read or the collection can't be changed, as with {@link Reason#LOCKED}; a file
   *     that can't be read is a matter for the listener
   * @throws io.panallama.error.PanallamaException what the embedder throws
   */
  public IndexReport update(Path folder, IndexListener listener) {
    FolderFiles files;
    try {
      files = FolderFiles.in(folder, DocumentReader::reads, listener::failed, listener::isStopped);
    } catch (IOException unreadable) {
      throw new SearchException(
          Reason.UNREADABLE_DOCUMENT,
          "The folder " + folder + " can't be read: " + reason(unreadable) + ".",
          unreadable);
    }
    // Before anything is compared: another process that is at it would make these files known in the meantime.
    collection.lock();
    return new Update(files, listener).run();
  }

  private static String reason(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "there is no such folder";
      case NotDirectoryException _ -> "it is a file; index the folder that holds it";
      default -> FileTrouble.reason(failure);
    };
  }

  private final class Update {
    private final FolderFiles files;
    private final IndexListener listener;
    private final Map<String, Map<String, Object>> known = new HashMap<>();
    private final Set<String> seen = new HashSet<>();
    private final FileNames.Inside inside;
    private final List<Pending> pending = new ArrayList<>();
    private int pendingCharacters;
    private int added;
    private int updated;
    private int unchanged;
    private int failed;

    Update(FolderFiles files, IndexListener listener) {
      this.files = files;
      this.listener = listener;
      this.inside = FileNames.inside(files.root());
      // Also those that an index of a folder inside or around this one has stored.
      for (DocumentSummary stored : collection.documents()) {
        if (stored.metadata().containsKey(FOLDER) && inside.has(stored.id())) {
          known.put(stored.id(), stored.metadata());
        }
      }
      failed = files.unreadable();
    }

    IndexReport run() {
      int done = 0;
      boolean complete = true;
      for (Path file : files.files()) {
        if (!listener.progress(new IndexProgress(done, files.files().size(), file)) || !look(file)) {
          complete = false;
          break;
        }
        if (pending.size() >= MOST_FILES || pendingCharacters >= MOST_CHARACTERS) {
          complete = store();
        }
        if (!complete) {
          break;
        }
        done++;
      }
      complete = store() && complete && !listener.isStopped();
      List<String> gone = new ArrayList<>();
      if (complete && files.unreadable() == 0) {
        known.keySet().stream().filter(id -> !seen.contains(id)).forEach(gone::add);
        collection.delete(gone);
      }
      if (complete && added + updated + gone.size() > 0) {
        complete = compact();
      }
      return new IndexReport(added, updated, unchanged, gone.size(), failed, files.ignored(), complete);
    }

    /** False if the listener does not wait for it; closing the collection gives up the merge then. */
    private boolean compact() {
      try {
        return StoppableStep.run(() -> collection.compactIfScattered(2), listener::isStopped).isPresent();
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
    }

    /** Reads a file unless it is as it was. False if the listener stops that. */
    private boolean look(Path file) {
      String id = FileNames.absolute(file);
      seen.add(id);
      try {
        Optional<Optional<Document>> read = StoppableStep.run(() -> changed(file, id), listener::isStopped);
        read.ifPresent(changed -> changed.ifPresentOrElse(document -> add(file, document), () -> unchanged++));
        return read.isPresent();
      } catch (IOException unreadable) {
        fail(file, FileNames.shown(file) + ": it can't be read: " + FileTrouble.reason(unreadable) + ".");
      } catch (SearchException refused) {
        if (refused.reason() != Reason.UNREADABLE_DOCUMENT && refused.reason() != Reason.INVALID_DOCUMENT) {
          throw refused;
        }
        fail(file, String.valueOf(refused.getMessage()));
      }
      return true;
    }

    /** A file as a document; empty if it is stored as it is. */
    private Optional<Document> changed(Path file, String id) throws IOException {
      String hash = FileHash.sha256(file);
      Map<String, Object> before = known.getOrDefault(id, Map.of());
      String how = how(file);
      if (hash.equals(before.get(SHA256)) && how.equals(before.get(READ))) {
        return Optional.empty();
      }
      Map<String, Object> metadata =
          Map.of(FOLDER, FileNames.absolute(files.root()), PATH, inside.relative(id), SHA256, hash, READ, how);
      return Optional.of(reader.read(file, id).withMetadata(metadata));
    }

    private void add(Path file, Document document) {
      pending.add(new Pending(file, document));
      pendingCharacters += document.text().length();
    }

    private String how(Path file) {
      return DocumentReader.version(file) + " " + chunks.maxTokens() + "/" + chunks.overlapTokens();
    }

    private void fail(Path file, String message) {
      failed++;
      listener.failed(file, message);
    }

    /** Stores what was read. False if the listener stops that, and then none of it is stored. */
    private boolean store() {
      List<Pending> batch = List.copyOf(pending);
      pending.clear();
      pendingCharacters = 0;
      return batch.isEmpty() || store(batch);
    }

    private boolean store(List<Pending> batch) {
      if (listener.isStopped()) {
        return false;
      }
      List<Document> documents = batch.stream().map(Pending::document).toList();
      try {
        Optional<List<List<NewPassage>>> passages =
            StoppableStep.run(() -> collection.passages(documents, chunks), listener::isStopped);
        if (passages.isEmpty()) {
          return false;
        }
        collection.store(passages.get());
      } catch (PanallamaException refused) {
        if (!isOfOneDocument(refused)) {
          throw refused;
        }
        if (batch.size() > 1) {
          return batch.stream().map(List::of).allMatch(this::store);
        }
        Path file = batch.getFirst().file();
        fail(file, FileNames.shown(file) + ": " + refused.getMessage());
        return true;
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
      for (Document document : documents) {
        if (known.containsKey(document.id())) {
          updated++;
        } else {
          added++;
        }
      }
      return true;
    }
  }

  /** Whether a document is refused for what it holds, so that others can be stored. */
  private static boolean isOfOneDocument(PanallamaException refused) {
    return switch (refused) {
      case InvalidRequestException _ -> true;
      case EmbeddingException failed -> failed.reason() == EmbeddingException.Reason.ENGINE_KILLED;
      case SearchException invalid ->
          invalid.reason() == Reason.INVALID_VECTOR || invalid.reason() == Reason.INVALID_DOCUMENT;
      default -> false;
    };
  }

  /** A file that is read and not stored yet. */
  private record Pending(Path file, Document document) {}
}
