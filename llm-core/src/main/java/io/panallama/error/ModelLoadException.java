package io.panallama.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A model file could not be read or loaded. The message names the file, the problem, and what is expected. */
public final class ModelLoadException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the file was rejected. */
  public enum Reason {
    /** There is no such file. */
    NOT_FOUND,
    /** The path is a directory or something else that is not a regular file. */
    NOT_A_FILE,
    /** The file can't be read by this process. */
    NOT_READABLE,
    /** The file is empty. */
    EMPTY,
    /** The file does not begin with the GGUF magic. */
    NOT_GGUF,
    /** The GGUF version or a value type in it is unknown. */
    UNSUPPORTED_FORMAT,
    /** The file is shorter than its header announces. */
    TRUNCATED,
    /** The header contradicts itself or specifies absurd sizes. */
    CORRUPT,
    /** llama.cpp does not know the architecture. */
    UNSUPPORTED_ARCHITECTURE,
    /** The file contains only a vocabulary, but the weights were requested. */
    VOCABULARY_ONLY,
    /** The weights do not fit into the free memory. */
    INSUFFICIENT_MEMORY,
    /**
     * The configuration names a device, a share or a buffer type that does not exist; the message lists the existing
     * ones.
     */
    UNKNOWN_DEVICE,
    /** A metadata override does not match the type of its entry. */
    METADATA_MISMATCH,
    /**
     * llama.cpp ended its process on the file in a trial, or did not come to an end; the message has its last words. See
     * {@link io.panallama.config.ModelConfig#trial}.
     */
    TRIAL_FAILED,
    /** The progress listener asked to stop. */
    CANCELLED,
    /** llama.cpp rejected the file for another reason; the message quotes it. */
    REFUSED
  }

  private final Reason reason;
  private final transient Path path;

  /** Reports a model that cannot be loaded. */
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
