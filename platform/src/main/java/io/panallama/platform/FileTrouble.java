package io.panallama.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Why a file could not be read or written, in words for people who know no Java. */
public final class FileTrouble {
  /** The system's words, in lower case, and ours. */
  private static final Map<String, String> REASONS = reasons();

  private FileTrouble() {}

  private static Map<String, String> reasons() {
    Map<String, String> all = new LinkedHashMap<>();
    String full = "the disk is full";
    all.put("no space left", full);
    all.put("not enough space", full);
    all.put("quota exceeded", "the disk quota is used up");
    all.put("read-only file system", "the file system is read-only");
    all.put("permission denied", "permission denied");
    all.put("operation not permitted", "the system does not permit it");
    all.put("no such file", "there is no such file or folder");
    all.put("not a directory", "a part of the path is not a folder");
    all.put("is a directory", "it is a folder");
    all.put("too many open files", "this process may not open more files (ulimit -n)");
    all.put("file name too long", "its name is too long");
    all.put("input/output error", "the device reports an input/output error");
    return all;
  }

  /**
   * The reason as a part of a sentence, such as {@code the disk is full}. It names no file where the system tells the reason: the
   * caller knows the file. A failure that is none of files keeps the name of its class, which belongs to a defect.
   */
  public static String reason(Throwable failure) {
    return switch (failure) {
      case UncheckedIOException wrapped when wrapped.getCause() != null -> reason(wrapped.getCause());
      case NoSuchFileException _ -> "there is no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "a file of that name exists already";
      case NotDirectoryException _ -> "it is not a folder";
      case DirectoryNotEmptyException _ -> "the folder is not empty";
      case ReadOnlyFileSystemException _ -> "the file system is read-only";
      case FileSystemException named when named.getReason() != null -> known(named.getReason());
      case IOException trouble when trouble.getMessage() != null -> known(trouble.getMessage());
      case IOException _ -> "the system gives no reason";
      default -> failure.toString();
    };
  }

  private static String known(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    return REASONS.entrySet().stream()
        .filter(reason -> lower.contains(reason.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(message);
  }
}
