package io.panallama.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A model file could not be read or loaded. The message names the file, what is wrong with it, and what is expected. */
public final class ModelLoadException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the file was refused. */
  public enum Reason {
    /** There is no such file. */
    NOT_FOUND,
    /** The path is a directory or another thing that is not a regular file. */
    NOT_A_FILE,
    /** The file can't be read by this process. */
    NOT_READABLE,
    /** The file has no bytes. */
    EMPTY,
    /** The file does not begin with the GGUF magic. */
    NOT_GGUF,
    /** The GGUF version or a value type in it is unknown. */
    UNSUPPORTED_FORMAT,
    /** The file ends before what its header announces. */
    TRUNCATED,
    /** The header contradicts itself or asks for absurd sizes. */
    CORRUPT,
    /** llama.cpp does not know the architecture. */
    UNSUPPORTED_ARCHITECTURE,
    /** The file holds a vocabulary only and the weights were asked for. */
    VOCABULARY_ONLY,
    /** The weights do not fit into the memory that is free. */
    INSUFFICIENT_MEMORY,
    /** The configuration names a device, a share or a kind of buffer that is not there; the message has those that are. */
    UNKNOWN_DEVICE,
    /** A value that is to replace an entry of the metadata does not suit that entry. */
    METADATA_MISMATCH,
    /** The progress listener asked to stop. */
    CANCELLED,
    /** llama.cpp refused the file for another reason; its own words are in the message. */
    REFUSED
  }

  private final Reason reason;
  private final transient Path path;

  /** A model that cannot be loaded. */
  public ModelLoadException(Reason reason, Path path, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.path = path;
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }

  /** The file as it was given. */
  public Path path() {
    return path;
  }
}
