package io.panallama.server.documents;

/**
 * Why a file of a vector store can't be read.
 *
 * @param message for the client
 */
public record FileError(Kind kind, String message) {
  /** Whose fault it is. */
  public enum Kind {
    /** The server could not store or embed it. */
    SERVER_ERROR,
    /** Files with that ending are not read. */
    UNSUPPORTED_FILE,
    /** The file is broken, encrypted, empty or too large, or takes too much time or memory. */
    INVALID_FILE
  }
}
