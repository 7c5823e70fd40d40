package io.panallama.internal.worker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Says whether a signal to a worker came from another process, as far as Linux tells; elsewhere nothing is known. */
final class Origin {
  private static final int KILLED = 128 + 9;
  private static final int TERMINATED = 128 + 15;
  private static final long UNKNOWN = -1;

  /** The kernel's account in a JVM's report; only kill() and its like give the sender's process. */
  private static final Pattern SENDER = Pattern.compile("si_code: -?\\d+ \\(SI_USER\\), si_pid: (\\d+)");

  private Origin() {}

  /**
   * Whether another process ended a worker.
   *
   * @param report what the JVM wrote about its crash; null if there is nothing
   * @param killed whether its supervisor killed it
   * @param oomKills {@link #oomKills} from the start of the worker
   */
  static boolean isForeign(int exit, @Nullable String report, long pid, boolean killed, long oomKills) {
    if (report != null) {
      Matcher sender = SENDER.matcher(report);
      return sender.find() && Long.parseLong(sender.group(1)) != pid;
    }
    return exit == TERMINATED || exit == KILLED && !killed && oomKills != UNKNOWN && oomKills() == oomKills;
  }

  /** How many processes the kernel has ended because memory ran out, on the whole machine; -1 if that is unknown. */
  static long oomKills() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/vmstat"))) {
      return lines
          .filter(line -> line.startsWith("oom_kill "))
          .mapToLong(line -> Long.parseLong(line.substring("oom_kill ".length()).strip()))
          .findFirst()
          .orElse(UNKNOWN);
    } catch (IOException | RuntimeException unreadable) {
      return UNKNOWN;
    }
  }

  /** Whether a process is stopped by a signal or a debugger. */
  static boolean isStopped(long pid) {
    try {
      String status = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
      // The state follows the program's name, which is in parentheses and may contain some.
      String rest = status.substring(status.lastIndexOf(')') + 1).strip();
      return rest.startsWith("T") || rest.startsWith("t");
    } catch (IOException | RuntimeException unreadable) {
      return false;
    }
  }
}
