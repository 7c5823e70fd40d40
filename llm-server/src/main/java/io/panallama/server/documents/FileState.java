package io.panallama.server.documents;

/** How far a file of a vector store is. */
public enum FileState {
  /** It waits to be read, or is being read. */
  IN_PROGRESS,
  /** It is found by searches. */
  COMPLETED,
  /** It can't be read; {@link StoreFile#error} says why. */
  FAILED,
  /** Its batch was cancelled before it was read. */
  CANCELLED
}
