package io.panallama.models;

import io.panallama.error.PanallamaException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model could not be imported. The message names the file, and the operator, tensor or field that does not fit.
 * Whatever the reason, no partial output is left, and an existing file is unchanged.
 */
public final class ModelImportException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the import failed. */
  public enum Reason {
    /** A source can't be read. */
    SOURCE_NOT_READABLE,
    /** A source is damaged, or not a file of its format. */
    MALFORMED,
    /** A source is sound, but a kind of model or tokenizer that can't be imported. */
    UNSUPPORTED,
    /** The output is one of the sources. */
    SAME_FILE,
    /** A file with the output's name exists, and overwriting was not allowed. */
    OUTPUT_EXISTS,
    /** The output can't be created: no such folder, no permission, or a directory of that name. */
    OUTPUT_NOT_WRITABLE,
    /** The result does not fit on the disk. */
    INSUFFICIENT_DISK
  }

  private final Reason reason;
  private final transient Path path;

  ModelImportException(Reason reason, Path path, String message, @Nullable Throwable cause) {
    super(path + ": " + message, cause);
    this.reason = reason;
    this.path = path;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }

  /** The file that the message refers to. */
  public Path path() {
    return path;
  }
}
