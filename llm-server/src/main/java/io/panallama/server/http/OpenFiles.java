package io.panallama.server.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files that this process may open: every connection is one of them. */
public final class OpenFiles {
  private static final System.Logger LOGGER = System.getLogger(OpenFiles.class.getName());

  /** Of proc_pid_limits(5), the limit that is in force. */
  private static final Pattern LIMIT = Pattern.compile("Max open files\\s+(\\d+)\\s.*");

  /** What is left for models, libraries, devices and everything else that is opened later. */
  private static final int RESERVE = 64;

  private OpenFiles() {}

  /**
   * How many connections there can be: as many as are wanted, or as the process may still open files for, with a warning. Where
   * the system does not tell (it is Linux that does), the listener finds out when it has run out of files.
   */
  public static int connections(int wanted) {
    return connections(wanted, Path.of("/"));
  }

  /**
   * @param root the folder that contains {@code proc}
   */
  static int connections(int wanted, Path root) {
    OptionalInt free = free(root);
    // A process with few files keeps half of them.
    int most = free.isEmpty() ? wanted : Math.max(1, free.getAsInt() - Math.min(RESERVE, free.getAsInt() / 2));
    if (wanted <= most) {
      return wanted;
    }
    LOGGER.log(
        System.Logger.Level.WARNING,
        "This process may open only "
            + free.getAsInt()
            + " more files, so the server allows "
            + most
            + " connections instead of "
            + wanted
            + "; raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit), or allow fewer (--max-connections).");
    return most;
  }

  /** How many more files it may open; empty if the system does not tell, or sets no limit. */
  private static OptionalInt free(Path root) {
    Path self = root.resolve("proc/self");
    try (Stream<String> limits = Files.lines(self.resolve("limits"));
        Stream<Path> open = Files.list(self.resolve("fd"))) {
      OptionalInt limit =
          limits
              .map(LIMIT::matcher)
              .filter(Matcher::matches)
              .mapToInt(line -> (int) Math.min(Integer.MAX_VALUE, Long.parseLong(line.group(1))))
              .findFirst();
      return limit.isEmpty() ? limit : OptionalInt.of(Math.max(0, limit.getAsInt() - (int) open.count()));
    } catch (IOException | NumberFormatException unknown) {
      return OptionalInt.empty();
    }
  }
}
