package io.panallama.server.documents;

import io.panallama.error.EngineBusyException;
import io.panallama.error.InvalidRequestException;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentReader;
import io.panallama.search.document.Document;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.query.Passage;
import io.panallama.server.documents.FileError.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Reads files of vector stores in the background: their text, its passages, and their vectors. What is not done when it is closed, or
 * the process is killed, is begun again when the library is opened.
 */
final class Ingest implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Ingest.class.getName());

  /** Two, so that a PDF file that takes long does not keep the others waiting. */
  private static final int WORKERS = 2;

  /** How long a file waits, all in all, for an embedder that is busy with requests. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final Duration SHORTEST_WAIT = Duration.ofMillis(100);

  private final DocumentLibrary library;
  private final LibraryFolder folder;
  private final StoreIndex index;
  private final DocumentReader reader = new DocumentReader();
  private final ExecutorService workers =
      Executors.newFixedThreadPool(WORKERS, Thread.ofPlatform().name("panallama-ingest-", 0).daemon(true).factory());
  private volatile boolean closing;

  /** Reads files of {@code library}, which bounds how many wait. */
  Ingest(DocumentLibrary library, LibraryFolder folder, StoreIndex index) {
    this.library = library;
    this.folder = folder;
    this.index = index;
  }

  /** Reads a file when the ones before it are done. */
  void add(StoreFile wanted) {
    try {
      workers.execute(() -> read(wanted));
    } catch (RejectedExecutionException closed) {
      LOG.log(System.Logger.Level.DEBUG, "A file waits until the server starts again", closed);
    }
  }

  private void read(StoreFile wanted) {
    if (closing) {
      return;
    }
    library
        .waiting(wanted)
        .ifPresent(file -> {
          boolean kept = false;
          try {
            long usage = store(wanted, file);
            kept = library.ended(wanted, entry -> entry.completed(usage));
          } catch (RuntimeException | Error failure) {
            // A store that is deleted meanwhile closes the collection; nobody wants to know of the file then.
            if (!closing && library.waiting(wanted).isPresent()) {
              FileError error = error(file, failure);
              kept = library.ended(wanted, entry -> entry.failed(error));
            }
          }
          if (!kept && !closing) {
            // It was removed from the store meanwhile, or its batch was cancelled.
            index.forget(wanted.storeId(), List.of(wanted.document()));
          }
        });
  }

  /** Makes passages of a file; what they take. */
  private long store(StoreFile wanted, StoredFile file) {
    Document document = reader.read(folder.content(file.id()), file.filename(), wanted.document());
    DocumentCollection collection = index.get(wanted.storeId());
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        collection.upsert(List.of(document), wanted.addition().chunks());
        break;
      } catch (EngineBusyException busy) {
        await(busy, deadline);
      }
    }
    long vector = (long) collection.info().dimensions() * Float.BYTES;
    long usage = 0;
    for (Passage passage : collection.passages(document.id())) {
      usage += vector + passage.text().getBytes(StandardCharsets.UTF_8).length;
    }
    return usage;
  }

  private static void await(EngineBusyException busy, long deadline) {
    Duration wait = busy.retryAfter().compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : busy.retryAfter();
    if (System.nanoTime() + wait.toNanos() > deadline) {
      throw busy;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(wait.toNanos());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      throw busy;
    }
  }

  private static FileError error(StoredFile file, Throwable failure) {
    return switch (failure) {
      case SearchException refused when refused.reason() == Reason.UNREADABLE_DOCUMENT ->
          new FileError(
              DocumentReader.reads(file.filename()) ? Kind.INVALID_FILE : Kind.UNSUPPORTED_FILE,
              String.valueOf(refused.getMessage()));
      case SearchException refused when refused.reason() == Reason.INVALID_DOCUMENT ->
          new FileError(Kind.INVALID_FILE, file.filename() + " can't be stored: it has no text, or too much of it.");
      case SearchException full when full.reason() == Reason.DISK_FULL ->
          new FileError(Kind.SERVER_ERROR, "The disk is full. Free some space, and add the file again.");
      case LibraryException full when full.reason() == LibraryException.Reason.DISK_FULL ->
          new FileError(Kind.SERVER_ERROR, "The disk is full. Free some space, and add the file again.");
      case InvalidRequestException refused ->
          new FileError(
              Kind.INVALID_FILE,
              "The model's tokenizer does not take the text of " + file.filename() + ": " + refused.getMessage());
      case EngineBusyException _ ->
          new FileError(Kind.SERVER_ERROR, "The embedding model was busy for too long; add the file again later.");
      case OutOfMemoryError _ ->
          new FileError(
              Kind.SERVER_ERROR, "The server ran out of memory for " + file.filename() + "; send it in smaller parts.");
      default -> unknown(file, failure);
    };
  }

  private static FileError unknown(StoredFile file, Throwable failure) {
    LOG.log(System.Logger.Level.ERROR, "The file " + file.id() + " could not be read into a vector store", failure);
    return new FileError(Kind.SERVER_ERROR, "The server failed to store the file; its log says more.");
  }

  /** Ends the work in progress. */
  @Override
  public void close() {
    closing = true;
    workers.shutdownNow();
    // Ends a PDF file that is being read.
    reader.close();
    // Waits, also through an interrupt.
    workers.close();
  }
}
