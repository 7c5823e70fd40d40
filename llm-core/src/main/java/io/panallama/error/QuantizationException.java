package io.panallama.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model could not be quantised. The message names the file, the problem, and what is allowed. Whatever the reason, no partial output file is left, and an existing one is unchanged.
 */
public final class QuantizationException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why the quantisation failed. */
  public enum Reason {
    /** The output is the input or one of its files. */
    SAME_FILE,
    /** A file with the output's name exists, and overwriting was not allowed. */
    OUTPUT_EXISTS,
    /** The output can't be created: no such folder, no permission, or a directory of that name. */
    OUTPUT_NOT_WRITABLE,
    /** The result does not fit on the disk. */
    INSUFFICIENT_DISK,
    /**
     * The input is already quantised, and requantising was not allowed. A tensor that already has its new type is copied, so a file of a single type can be given that type again; a mixture such as {@code Q4_K_M} can't.
     */
    ALREADY_QUANTIZED,
    /** The type needs an importance matrix, at least for some tensor, and there is none. */
    IMPORTANCE_MATRIX_REQUIRED,
    /** The importance matrix can't be read, contains impossible numbers, or belongs to another model. */
    IMPORTANCE_MATRIX_INVALID,
    /** A tensor has a shape or contains numbers that llama.cpp can't convert as requested. */
    UNSUPPORTED_TENSOR,
    /** Memory ran out, or the system could not create more threads. */
    INSUFFICIENT_MEMORY,
    /** The listener asked to stop, or the thread was interrupted. */
    CANCELLED,
    /** llama.cpp failed for another reason; the message quotes it. */
    FAILED
  }

  private final Reason reason;
  private final transient Path path;

  /** Reports a quantisation that failed. */
  public QuantizationException(Reason reason, Path path, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.path = path;
  }

  /** Reports a quantisation that was cancelled; see {@link Reason#CANCELLED}. */
  public static QuantizationException cancelled(Path source, @Nullable Throwable cause) {
    return new QuantizationException(Reason.CANCELLED, source, source + ": quantising was stopped.", cause);
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
