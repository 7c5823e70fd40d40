package io.panallama.error;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model could not be quantised. The message names the file, what is wrong, and what is allowed. Whatever the reason, no
 * part of an output file is left, and one that was there before is as it was.
 */
public final class QuantizationException extends PanallamaException {
  private static final long serialVersionUID = 1L;

  /** Why there is no result. */
  public enum Reason {
    /** The output is the input, or one of its files. */
    SAME_FILE,
    /** There is a file with the output's name, and it was not to be overwritten. */
    OUTPUT_EXISTS,
    /** The output can't be made where it was asked for: no such folder, no permission, a directory of that name. */
    OUTPUT_NOT_WRITABLE,
    /** The result does not fit on the disk. */
    INSUFFICIENT_DISK,
    /**
     * The input is quantised already, and to do it again was not allowed. A tensor that has its new type already is copied,
     * so a file of one type can be given that type again; one of a mixture such as {@code Q4_K_M} can't.
     */
    ALREADY_QUANTIZED,
    /** The type needs an importance matrix, for some tensor at least, and there is none. */
    IMPORTANCE_MATRIX_REQUIRED,
    /** The importance matrix can't be read, has impossible numbers, or belongs to another model. */
    IMPORTANCE_MATRIX_INVALID,
    /** A tensor has a shape or holds numbers that llama.cpp can't convert as asked. */
    UNSUPPORTED_TENSOR,
    /** Memory ran out, or the system gave no more threads. */
    INSUFFICIENT_MEMORY,
    /** The listener asked to stop, or the thread was interrupted. */
    CANCELLED,
    /** llama.cpp failed for another reason; its own words are in the message. */
    FAILED
  }

  private final Reason reason;
  private final transient Path path;

  /** A quantisation that failed. */
  public QuantizationException(Reason reason, Path path, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.path = path;
  }

  /** Of {@link Reason#CANCELLED}. */
  public static QuantizationException cancelled(Path source, @Nullable Throwable cause) {
    return new QuantizationException(Reason.CANCELLED, source, source + ": quantising was stopped.", cause);
  }

  /** Why it failed. */
  public Reason reason() {
    return reason;
  }

  /** The file that the message is about. */
  public Path path() {
    return path;
  }
}
