package io.panallama.server.documents;

import io.panallama.server.documents.LibraryException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The uploaded files. What changes them runs on the journal's thread, but for {@link #reserve} and {@link #release}. */
final class FileShelf {
  private static final int LONGEST_NAME = 1_024;
  private static final int LONGEST_PURPOSE = 64;

  private final LibraryFolder folder;
  private final LibraryLimits limits;
  private final Journal journal;
  private final Stamps stamps;

  /** By their ids, in the order in which they came. */
  private final Map<String, StoredFile> files = new LinkedHashMap<>();

  /** The bytes of all files, and of those that are being uploaded; guarded by the journal's lock. */
  private long bytes;

  FileShelf(LibraryFolder folder, LibraryLimits limits, Journal journal, Stamps stamps) {
    this.folder = folder;
    this.limits = limits;
    this.journal = journal;
    this.stamps = stamps;
  }

  /** Adds a file that is in the folder. */
  void load(StoredFile file) {
    journal.locked(() -> {
      files.put(file.id(), file);
      bytes += file.bytes();
      return bytes;
    });
    stamps.after(file.created());
  }

  /** Counts bytes of an upload that has {@code before} already. */
  void reserve(long before, int more) {
    if (before + more > limits.maxFileBytes()) {
      throw new LibraryException(Reason.FILE_TOO_LARGE, tooLarge(limits.maxFileBytes()));
    }
    journal.locked(() -> {
      if (bytes + more > limits.maxTotalBytes()) {
        throw new LibraryException(
            Reason.LIBRARY_FULL,
            "All files together would have more than the "
                + limits.maxTotalBytes()
                + " bytes that this server keeps. Delete some, or start the server with a larger --max-files-size.");
      }
      bytes += more;
      return bytes;
    });
  }

  /** What a client is told whose file is too large. */
  static String tooLarge(long maxBytes) {
    return "The file is larger than the "
        + maxBytes
        + " bytes that this server takes. Send a smaller one, or start the server with a larger --max-file-size.";
  }

  /** Counts bytes that are there already. */
  void count(long more) {
    journal.locked(() -> bytes += more);
  }

  /** Counts bytes of an upload that is not kept. */
  void release(long count) {
    journal.locked(() -> bytes -= count);
  }

  /** What a file is called: what is behind the last slash or backslash, without control characters. */
  static String label(String filename) {
    String name = filename.substring(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);
    String printable = name.replaceAll("\\p{Cntrl}", "_").strip();
    return printable.isEmpty() ? "file" : printable;
  }

  /** Checks what a file is called. */
  static void checkName(String parameter, String label) {
    if (label.length() > LONGEST_NAME) {
      throw LibraryException.invalid(
          parameter,
          "The file's name has " + label.length() + " characters; at most " + LONGEST_NAME + " are allowed.");
    }
  }

  /** Checks what a file is kept for. */
  static void checkPurpose(String purpose) {
    if (purpose.isBlank() || purpose.length() > LONGEST_PURPOSE) {
      throw LibraryException.invalid(
          "purpose",
          "purpose has "
              + purpose.length()
              + " characters; it must have 1 to "
              + LONGEST_PURPOSE
              + " and not be blank, such as assistants.");
    }
  }

  /** Checks for how long a file is kept. */
  static void checkSeconds(String parameter, OptionalLong secondsToKeep) {
    long seconds = secondsToKeep.orElse(1);
    if (seconds < 1 || seconds > StoredFile.MAX_SECONDS) {
      throw LibraryException.invalid(
          parameter, parameter + " is " + seconds + "; it must be 1 to " + StoredFile.MAX_SECONDS + ".");
    }
  }

  /** The file that a number of bytes will be. */
  StoredFile plan(long length, String label, String purpose, OptionalLong secondsToKeep) {
    if (files.size() >= DocumentLibrary.MAX_FILES) {
      throw new LibraryException(
          Reason.LIBRARY_FULL, "There are " + files.size() + " files, and no more are kept; delete some first.");
    }
    long created = stamps.next();
    String id = Ids.create(Ids.FILE, created);
    OptionalLong expires =
        secondsToKeep.isEmpty() ? secondsToKeep : OptionalLong.of(Stamps.seconds(created) + secondsToKeep.getAsLong());
    return new StoredFile(id, label, purpose, length, created, expires);
  }

  /** Makes a file of what was written to {@code incoming}. */
  StoredFile keep(Path incoming, StoredFile file) {
    String id = file.id();
    folder.moveIn(incoming, folder.content(id));
    try {
      folder.write(folder.file(id), LibraryJson.file(file));
    } catch (LibraryException failed) {
      LibraryFolder.deleteQuietly(folder.content(id));
      throw failed;
    }
    return journal.locked(() -> {
      files.put(id, file);
      return file;
    });
  }

  /** The files, oldest first; with the lock. */
  List<StoredFile> all() {
    return List.copyOf(files.values());
  }

  /** A file; with the lock. */
  Optional<StoredFile> find(String id) {
    return Optional.ofNullable(files.get(id));
  }

  /** A file; with the lock. */
  StoredFile require(String id) {
    return find(id).orElseThrow(() -> unknown("File object", id));
  }

  /** The error for an id that there is not. */
  static LibraryException unknown(String what, String id) {
    String shown = id.codePointCount(0, id.length()) <= 64 ? id : id.substring(0, id.offsetByCodePoints(0, 64)) + "...";
    return new LibraryException(Reason.UNKNOWN_ID, "No such " + what + ": " + shown);
  }

  InputStream open(String id) {
    try {
      return Files.newInputStream(folder.content(id));
    } catch (NoSuchFileException deleted) {
      throw unknown("File object", id);
    } catch (IOException failure) {
      throw LibraryFolder.failed("The file " + id + " can't be read", failure);
    }
  }

  /** Deletes a file. */
  void delete(String id) {
    // Without this the rest is no file, whatever happens in between.
    folder.delete(folder.file(id));
    journal.locked(() -> {
      StoredFile file = files.remove(id);
      bytes -= file == null ? 0 : file.bytes();
      return bytes;
    });
    folder.delete(folder.content(id));
  }

  /** The files whose time has come; with the lock. */
  List<String> expired() {
    long now = stamps.now();
    return files.values().stream()
        .filter(file -> file.expiresAt().isPresent() && file.expiresAt().getAsLong() <= now)
        .map(StoredFile::id)
        .toList();
  }
}
