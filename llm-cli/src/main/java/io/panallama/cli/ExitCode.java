package io.panallama.cli;

import io.panallama.cli.settings.SettingsException;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.error.QuantizationException;
import io.panallama.models.ModelImportException;
import io.panallama.models.ModelPullException;
import io.panallama.search.error.SearchException;
import io.panallama.server.ServerStartException;
import io.panallama.server.documents.LibraryException;
import io.panallama.server.keys.KeyFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;
import java.util.regex.Pattern;

/** The process's exit codes, and which exception becomes which. */
final class ExitCode {
  static final int OK = 0;

  /** The machine failed. */
  static final int FAILURE = 1;

  /** The user's input can't be used. */
  static final int USAGE = 2;

  /** Ctrl-C; the shell's 128 + SIGINT. */
  static final int INTERRUPTED = 130;

  /** The class of an exception in front of its message, as {@link Throwable#toString} writes it. */
  private static final Pattern JAVA_NAME = Pattern.compile("\\bjavax?\\.(?:[a-z]+\\.)+[A-Z]\\w*: ");

  private ExitCode() {}

  static int of(Throwable failure) {
    return switch (failure) {
      case ModelLoadException load when load.reason() == ModelLoadException.Reason.CANCELLED -> INTERRUPTED;
      case EngineStartException start when start.reason() == EngineStartException.Reason.PROCESS_DIED -> FAILURE;
      case UsageException _,
          SettingsException _,
          ModelLoadException _,
          EngineStartException _,
          InvalidRequestException _,
          KeyFileException _ ->
          USAGE;
      case ServerStartException _ -> USAGE;
      case QuantizationException quantization ->
          switch (quantization.reason()) {
            case CANCELLED -> INTERRUPTED;
            case INSUFFICIENT_DISK, INSUFFICIENT_MEMORY, FAILED -> FAILURE;
            default -> USAGE;
          };
      case ModelImportException refused ->
          refused.reason() == ModelImportException.Reason.INSUFFICIENT_DISK ? FAILURE : USAGE;
      case SearchException refused ->
          switch (refused.reason()) {
            case LOCKED, DISK_FULL, CORRUPTED, STORAGE, RANKER_FAILED -> FAILURE;
            case INTERRUPTED -> INTERRUPTED;
            default -> USAGE;
          };
      case ModelPullException refused ->
          switch (refused.reason()) {
            case CANCELLED -> INTERRUPTED;
            case UNREACHABLE, CACHE_NOT_WRITABLE -> FAILURE;
            default -> USAGE;
          };
      default -> FAILURE;
    };
  }

  /** One line for the user, without control characters. */
  static String describe(Throwable failure) {
    boolean expected =
        switch (failure) {
          case NativeLibraryException _, GenerationException _, EngineBusyException _ -> true;
          case QuantizationException _, ModelImportException _, ModelPullException _ -> true;
          case EngineStartException _, EmbeddingException _, SearchException _, LibraryException _ -> true;
          case IOException _, UncheckedIOException _ -> true;
          default -> of(failure) != FAILURE;
        };
    String message =
        switch (failure) {
          case InvalidRequestException refused -> OptionNames.in(refused);
          case EngineStartException refused -> OptionNames.in(refused);
          case SearchException refused -> OptionNames.in(refused) + advice(refused.reason());
          case QuantizationException refused -> refused.getMessage() + advice(refused.reason());
          case ModelImportException refused when refused.reason() == ModelImportException.Reason.OUTPUT_EXISTS ->
              refused.getMessage() + " --force overwrites it.";
          case UncheckedIOException wrapped when String.valueOf(wrapped.getCause()).equals(wrapped.getMessage()) ->
              // The constructor without a message takes that of the cause.
              file(Objects.requireNonNull(wrapped.getCause()));
          case IOException trouble -> file(trouble);
          default -> String.valueOf(failure.getMessage());
        };
    String line = expected ? withoutClassNames(message) : "internal error: " + failure + " (-v shows the stack trace)";
    return Printable.line(line);
  }

  /** A failure with a file: Java's message is often the name alone. */
  private static String file(IOException trouble) {
    if (trouble instanceof CharacterCodingException) {
      return "it is not text in UTF-8";
    }
    return trouble instanceof FileSystemException named && named.getFile() != null
        ? named.getFile() + ": " + reason(named)
        : String.valueOf(trouble.getMessage());
  }

  private static String reason(FileSystemException trouble) {
    return switch (trouble) {
      case NoSuchFileException _ -> "there is no such file";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "the file exists already";
      case NotDirectoryException _ -> "it is not a directory";
      case DirectoryNotEmptyException _ -> "the directory is not empty";
      default -> String.valueOf(trouble.getReason());
    };
  }

  /** Messages of the library may quote an exception; here its class says nothing, or is put into words. */
  private static String withoutClassNames(String message) {
    String named =
        message
            .replace(NoSuchFileException.class.getName() + ": ", "there is no such file: ")
            .replace(AccessDeniedException.class.getName() + ": ", "permission denied: ")
            .replace(FileAlreadyExistsException.class.getName() + ": ", "the file exists already: ");
    return JAVA_NAME.matcher(named).replaceAll("");
  }

  /** The command that removes what can't be read, or makes what is missing. */
  private static String advice(SearchException.Reason reason) {
    return switch (reason) {
      case CORRUPTED -> " panallama index --drop NAME drops a collection.";
      case UNKNOWN_COLLECTION -> " panallama index FOLDER makes one.";
      default -> "";
    };
  }

  /** The option that allows a refused action. */
  private static String advice(QuantizationException.Reason reason) {
    return switch (reason) {
      case OUTPUT_EXISTS -> " --force overwrites it.";
      case ALREADY_QUANTIZED -> " --allow-requantize converts it all the same.";
      case IMPORTANCE_MATRIX_REQUIRED -> " --imatrix FILE names one.";
      default -> "";
    };
  }
}
