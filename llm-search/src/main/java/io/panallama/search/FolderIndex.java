package io.panallama.search;

import io.panallama.error.InvalidRequestException;
import io.panallama.platform.FileTrouble;
import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.ingest.IndexListener;
import io.panallama.search.ingest.IndexProgress;
import io.panallama.search.ingest.IndexReport;
import io.panallama.search.internal.text.FileHash;
import io.panallama.search.internal.text.FolderFiles;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keeps a collection equal to folders of files.
 *
 * <p>Each file is a document, whose id is the file's absolute path. Its metadata say where it comes from: {@link #FOLDER}, {@link
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

  /** Changes with what is made of files, so that they are read again. */
  private static final int READER = 1;

  /** The same for files with pages, whose passages have a last page since 2. */
  private static final int READER_OF_PAGES = 2;

  /** What is stored at once: a commit for each, and not much to compute before a stop is noticed. */
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
   * are gone. Files and folders whose names begin with a dot and links to folders are left out, and files of kinds that are
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
      files = FolderFiles.in(folder, DocumentReader::reads, listener::failed);
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
    private final List<Document> pending = new ArrayList<>();
    private int pendingCharacters;
    private int added;
    private int updated;
    private int unchanged;
    private int failed;

    Update(FolderFiles files, IndexListener listener) {
      this.files = files;
      this.listener = listener;
      String inside = files.root().resolve("x").toString();
      inside = inside.substring(0, inside.length() - 1);
      // Also those that an index of a folder inside or around this one has stored.
      for (DocumentSummary stored : collection.documents()) {
        if (stored.metadata().containsKey(FOLDER) && stored.id().startsWith(inside)) {
          known.put(stored.id(), stored.metadata());
        }
      }
      failed = files.unreadable();
    }

    IndexReport run() {
      int done = 0;
      boolean complete = true;
      for (Path file : files.files()) {
        if (!listener.progress(new IndexProgress(done, files.files().size(), file))) {
          complete = false;
          break;
        }
        look(file);
        if (pending.size() >= MOST_FILES || pendingCharacters >= MOST_CHARACTERS) {
          store();
        }
        done++;
      }
      store();
      List<String> gone = new ArrayList<>();
      if (complete && files.unreadable() == 0) {
        known.keySet().stream().filter(id -> !seen.contains(id)).forEach(gone::add);
        collection.delete(gone);
      }
      if (complete && added + updated + gone.size() > 0) {
        collection.compactIfScattered(2);
      }
      return new IndexReport(added, updated, unchanged, gone.size(), failed, files.ignored(), complete);
    }

    private void look(Path file) {
      String id = file.toString();
      seen.add(id);
      try {
        String hash = FileHash.sha256(file);
        Map<String, Object> before = known.getOrDefault(id, Map.of());
        String how = how(file);
        if (hash.equals(before.get(SHA256)) && how.equals(before.get(READ))) {
          unchanged++;
          return;
        }
        String path = files.root().relativize(file).toString().replace('\\', '/');
        Map<String, Object> metadata = Map.of(FOLDER, files.root().toString(), PATH, path, SHA256, hash, READ, how);
        Document document = reader.read(file, id).withMetadata(metadata);
        pending.add(document);
        pendingCharacters += document.text().length();
      } catch (IOException unreadable) {
        fail(file, file + ": " + unreadable.getMessage());
      } catch (SearchException refused) {
        if (refused.reason() != Reason.UNREADABLE_DOCUMENT && refused.reason() != Reason.INVALID_DOCUMENT) {
          throw refused;
        }
        fail(file, String.valueOf(refused.getMessage()));
      }
    }

    private String how(Path file) {
      int version = DocumentReader.hasPages(file) ? READER_OF_PAGES : READER;
      return version + " " + chunks.maxTokens() + "/" + chunks.overlapTokens();
    }

    private void fail(Path file, String message) {
      failed++;
      listener.failed(file, message);
    }

    private void store() {
      store(List.copyOf(pending));
      pending.clear();
      pendingCharacters = 0;
    }

    private void store(List<Document> documents) {
      try {
        collection.upsert(documents, chunks);
      } catch (InvalidRequestException refused) {
        // The model's tokenizer does not take one of them.
        if (documents.size() > 1) {
          documents.forEach(document -> store(List.of(document)));
        } else {
          String id = documents.getFirst().id();
          fail(Path.of(id), id + ": " + refused.getMessage());
        }
        return;
      }
      for (Document document : documents) {
        if (known.containsKey(document.id())) {
          updated++;
        } else {
          added++;
        }
      }
    }
  }
}
