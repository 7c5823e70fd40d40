package io.panallama.search.ingest;

import java.nio.file.Path;

/** Is told how an update of a folder goes, on the thread that does it. */
public interface IndexListener {
  /** Does nothing. */
  IndexListener NONE = new IndexListener() {};

  /**
   * Called before each file.
   *
   * @return whether to go on; if not, what was read so far is stored, unless {@link #isStopped} is true
   */
  default boolean progress(IndexProgress progress) {
    return true;
  }

  /**
   * Asked several times a second while files are listed, read and embedded. If it is true, the update ends soon: the files in
   * hand, which are not stored yet, stay as they were stored before.
   *
   * @return whether to stop
   */
  default boolean isStopped() {
    return false;
  }

  /**
   * A file could not be read; the others go on.
   *
   * @param file the file
   * @param message what is wrong, with the file's name
   */
  default void failed(Path file, String message) {}
}
