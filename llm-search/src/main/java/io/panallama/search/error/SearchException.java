package io.panallama.search.error;

import io.panallama.error.PanallamaException;
import org.jspecify.annotations.Nullable;

/**
 * A store of documents, a collection or a search fails. The message says what is wrong, where, what is allowed, and what to
 * do about it.
 */
public final class SearchException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why it failed. */
  public enum Reason {
    /** The name of a collection has a character that not every file system takes, or too many of them. */
    INVALID_NAME,
    /** The store has no collection of that name. */
    UNKNOWN_COLLECTION,
    /** The store has a collection of that name already. */
    COLLECTION_EXISTS,
    /** The collection was made with another embedding model. */
    OTHER_MODEL,
    /** A vector has another number of dimensions than those of the collection. */
    WRONG_DIMENSIONS,
    /** A vector holds a number that is NaN or infinite, or nothing but zeros. */
    INVALID_VECTOR,
    /** A document can't be stored as it is: it has no text, or a value that is out of range. */
    INVALID_DOCUMENT,
    /** A query can't be answered as it is. */
    INVALID_QUERY,
    /** A file can't be read as a document: it is broken, encrypted, too large or of an unknown type. */
    UNREADABLE_DOCUMENT,
    /** Another process, or another store of this process, writes to the collection. */
    LOCKED,
    /** The disk is full; what was acknowledged is kept. */
    DISK_FULL,
    /** Files of the collection or of a snapshot are missing or damaged, or a newer version wrote them. */
    CORRUPTED,
    /** The folder can't be read or written. */
    STORAGE,
    /** The function that ranks passages failed, or gave no score for each of them. */
    RANKER_FAILED,
    /** The thread was interrupted while it waited; the change may have been made. The interrupt is kept. */
    INTERRUPTED
  }

  private final Reason reason;

  /** For this module's own packages. */
  public SearchException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** For this module's own packages. */
  public SearchException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }
}
