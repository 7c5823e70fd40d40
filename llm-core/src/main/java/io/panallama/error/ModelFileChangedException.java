package io.panallama.error;

import java.nio.file.Path;

/**
 * The file of a loaded model was truncated or written to, so that its weights can't be relied on: engines on it end, with
 * this as the cause of their {@link EngineFailedException}. Load the model again.
 *
 * <p>A file may be replaced while it is in use, by renaming another to its name.
 */
public final class ModelFileChangedException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  private final transient Path path;

  /**
   * @param path the model's file, or the first of them
   * @param change the file that changed, and how
   */
  public ModelFileChangedException(Path path, String change) {
    super(
        "The model file changed under the engine: "
            + change
            + ". Load the model again, and replace files by renaming a new one, not by writing to them.",
        null);
    this.path = path;
  }

  /** The model's file as it was given, or the first of them. */
  public Path path() {
    return path;
  }
}
