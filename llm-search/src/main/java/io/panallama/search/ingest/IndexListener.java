package io.panallama.search.ingest;

import java.nio.file.Path;

/** Is told how an update of a folder goes, on the thread that does it. */
public interface IndexListener {
  /** Does nothing. */
  IndexListener NONE = new IndexListener() {};

  /**
   * Called before each file.
   *
   * @return whether to go on; if not, what was stored so far stays
   */
  default boolean progress(IndexProgress progress) {
    return true;
  }

  /**
   * A file could not be read; the others go on.
   *
   * @param file the file
   * @param message what is wrong, with the file's name
   */
  default void failed(Path file, String message) {}
}
