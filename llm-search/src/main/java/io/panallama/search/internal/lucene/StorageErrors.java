package io.panallama.search.internal.lucene;

import io.panallama.platform.FileTrouble;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.apache.lucene.index.CorruptIndexException;
import org.apache.lucene.index.IndexFormatTooNewException;
import org.apache.lucene.index.IndexFormatTooOldException;
import org.apache.lucene.index.IndexNotFoundException;
import org.apache.lucene.store.LockObtainFailedException;

/** What goes wrong with files, as the library's exception. */
final class StorageErrors {
  private static final String OF_COLLECTION =
      "restore a snapshot of it, or drop the collection and index the documents again.";

  private static final String OF_SNAPSHOT = "use another snapshot, or index the documents again.";

  private StorageErrors() {}

  /**
   * The exception for a failure.
   *
   * @param what the thing whose files they are, such as {@code "Collection docs in /data"}
   */
  static SearchException of(String what, Throwable failure) {
    return of(what, OF_COLLECTION, failure);
  }

  /** The same for a snapshot that is being restored. */
  static SearchException ofSnapshot(String what, Throwable failure) {
    return of(what, OF_SNAPSHOT, failure);
  }

  private static SearchException of(String what, String remedy, Throwable failure) {
    return switch (failure) {
      case SearchException known -> known;
      case LockObtainFailedException _ ->
          new SearchException(
              Reason.LOCKED,
              what
                  + " is being written by another process or another store of this one; try again when that one has"
                  + " closed it.",
              failure);
      case IndexFormatTooNewException _ ->
          new SearchException(
              Reason.CORRUPTED,
              what + " was written by a newer version of Panallama; use that one to read it.",
              failure);
      case IndexFormatTooOldException _ ->
          new SearchException(
              Reason.CORRUPTED,
              what + " was written by a version of Panallama that is too old; drop it and index the documents again.",
              failure);
      case CorruptIndexException _, IndexNotFoundException _, EOFException _ -> corrupted(what, remedy, failure);
      case NoSuchFileException _, FileNotFoundException _ -> corrupted(what, remedy, failure);
      case IOException _ when isFull(failure) ->
          new SearchException(
              Reason.DISK_FULL,
              "The disk is full: "
                  + what
                  + " can't be written. What was acknowledged is kept; free some space and repeat the rest.",
              failure);
      default ->
          new SearchException(
              Reason.STORAGE, what + " can't be read or written: " + FileTrouble.reason(failure), failure);
    };
  }

  /** Lucene's words about the bytes of its files are the cause. */
  private static SearchException corrupted(String what, String remedy, Throwable failure) {
    return new SearchException(
        Reason.CORRUPTED, what + " is damaged: a file is missing, or is not as it was written; " + remedy, failure);
  }

  private static boolean isFull(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (message.contains("no space left")
          || message.contains("not enough space")
          || message.contains("disk quota exceeded")) {
        return true;
      }
    }
    return false;
  }
}
