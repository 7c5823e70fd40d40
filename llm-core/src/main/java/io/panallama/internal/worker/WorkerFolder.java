package io.panallama.internal.worker;

import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A folder that only this user can enter, for the socket of a worker and for what its JVM writes about a crash. It lives
 * as long as the worker. Its name has the process that made it, so that a later one can remove what that left behind.
 *
 * @param path an absolute path
 */
record WorkerFolder(Path path) {
  private static final System.Logger LOG = System.getLogger(WorkerFolder.class.getName());

  private static final String PREFIX = "panallama-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d+)-\\d+");

  /**
   * Younger ones are left alone: a process of another container that shares the folder for temporary files is not seen
   * from here, and its worker may not have found its socket yet.
   */
  private static final Duration YOUNG = Duration.ofMinutes(5);

  static WorkerFolder create() throws IOException {
    return new WorkerFolder(Files.createTempDirectory(PREFIX + ProcessHandle.current().pid() + "-"));
  }

  Path socket() {
    return path.resolve("s");
  }

  /** Where a JVM describes its crash. */
  Path dump() {
    return path.resolve("hs_err.log");
  }

  /** The JVM's description of its crash; null if there is none. */
  @Nullable String readDump() {
    try {
      return Files.exists(dump()) ? Files.readString(dump(), StandardCharsets.ISO_8859_1) : null;
    } catch (IOException unreadable) {
      return "It can't be read: " + FileTrouble.reason(unreadable);
    }
  }

  /** Removes it with what is in it. Repeating it is harmless. */
  void remove() {
    try {
      Files.deleteIfExists(dump());
      // A process that did not connect leaves its socket.
      Files.deleteIfExists(socket());
      Files.deleteIfExists(path);
    } catch (IOException left) {
      LOG.log(System.Logger.Level.DEBUG, "The folder " + path + " of a worker can't be removed.", left);
    }
  }

  /** Removes the folders of processes that were killed and could not do it themselves. */
  static void removeAbandoned() {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path folder : folders) {
        Matcher name = NAME.matcher(String.valueOf(folder.getFileName()));
        if (name.matches() && isAbandoned(folder, Long.parseLong(name.group(1)))) {
          new WorkerFolder(folder).remove();
        }
      }
    } catch (IOException | RuntimeException unreadable) {
      LOG.log(System.Logger.Level.DEBUG, "Old folders of workers in " + parent + " can't be found.", unreadable);
    }
  }

  private static boolean isAbandoned(Path folder, long pid) throws IOException {
    return ProcessHandle.of(pid).isEmpty()
        && Files.isDirectory(folder)
        && Files.getLastModifiedTime(folder).toInstant().isBefore(Instant.now().minus(YOUNG));
  }
}
