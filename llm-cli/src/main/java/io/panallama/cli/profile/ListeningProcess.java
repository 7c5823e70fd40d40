package io.panallama.cli.profile;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds which process listens on a port of this machine, as Linux tells it in {@code /proc}. */
public final class ListeningProcess {
  /** The state of a socket that listens, in {@code /proc/net/tcp}. */
  private static final String LISTEN = "0A";

  /** The columns of {@code /proc/net/tcp}. */
  private static final int LOCAL = 1;

  private static final int STATE = 3;
  private static final int INODE = 9;

  private ListeningProcess() {}

  /** Whether this system tells. */
  public static boolean isKnown() {
    return Files.isReadable(Path.of("/proc/net/tcp"));
  }

  /** Whether a process listens on a port. */
  public static boolean listens(long pid, int port) throws IOException {
    Set<String> sockets = new HashSet<>();
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      if (Files.isReadable(Path.of(table))) {
        sockets.addAll(listening(Files.readAllLines(Path.of(table)), port));
      }
    }
    try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
      for (Path descriptor : open) {
        if (sockets.contains(target(descriptor))) {
          return true;
        }
      }
    }
    return false;
  }

  /** The sockets that listen on a port, as {@code /proc/PID/fd} names them. */
  static Set<String> listening(List<String> table, int port) {
    Set<String> sockets = new HashSet<>();
    for (String line : table) {
      String[] columns = line.strip().split("\\s+", -1);
      if (columns.length > INODE && columns[STATE].equals(LISTEN)) {
        String local = columns[LOCAL];
        if (Integer.parseInt(local.substring(local.indexOf(':') + 1), 16) == port) {
          sockets.add("socket:[" + columns[INODE] + "]");
        }
      }
    }
    return sockets;
  }

  private static String target(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (NoSuchFileException closed) {
      return "";
    }
  }
}
