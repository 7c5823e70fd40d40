package io.panallama.server.accesslog;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file of a log, which something else moves away from time to time (logrotate): then it is made anew. Lines are appended, so a file that
 * is emptied in place goes on as well. For one thread.
 */
final class LogFile implements AutoCloseable {
  /** Empty for standard output. */
  private final Optional<Path> path;

  private @Nullable OutputStream out;

  /** What tells the open file from another at its path; null where the file system doesn't. */
  private @Nullable Object identity;

  /**
   * A log that is not open yet.
   *
   * @param path empty for standard output
   */
  LogFile(Optional<Path> path) {
    this.path = path;
  }

  /** Opens the file if it is not open, or no longer the one at its path. */
  void look() throws IOException {
    if (out != null && path.isPresent() && moved(path.get())) {
      close();
    }
    open();
  }

  private boolean moved(Path file) {
    try {
      Object there = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
      return there != null && !there.equals(identity);
    } catch (IOException gone) {
      return true;
    }
  }

  private OutputStream open() throws IOException {
    OutputStream known = out;
    if (known != null) {
      return known;
    }
    OutputStream opened;
    if (path.isPresent()) {
      // Not by a channel, which an interruption would close.
      opened = new FileOutputStream(path.get().toFile(), true);
      out = opened;
      identity = Files.readAttributes(path.get(), BasicFileAttributes.class).fileKey();
    } else {
      opened = new FileOutputStream(FileDescriptor.out);
      out = opened;
    }
    return opened;
  }

  /** Appends whole lines. */
  void append(byte[] lines, int length) throws IOException {
    open().write(lines, 0, length);
  }

  /** Closes the file, but not standard output. What is appended later opens it again. */
  @Override
  public void close() throws IOException {
    OutputStream open = out;
    out = null;
    if (open != null && path.isPresent()) {
      open.close();
    }
  }
}
