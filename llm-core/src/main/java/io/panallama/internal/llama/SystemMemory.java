package io.panallama.internal.llama;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory that this process can still allocate before something else is evicted from memory. Thread-safe. */
public final class SystemMemory {
  private static final Path ROOT = Path.of("/");
  private static final ControlGroups GROUPS = new ControlGroups(ROOT);

  private SystemMemory() {}

  /**
   * Available bytes; on Linux what the kernel calls available, within the limits of this process and its control groups.
   */
  public static long availableBytes() {
    return availableBytes(ROOT, GROUPS);
  }

  /**
   * @param root the folder that contains {@code proc} and {@code sys}
   */
  static long availableBytes(Path root) {
    return availableBytes(root, new ControlGroups(root));
  }

  private static long availableBytes(Path root, ControlGroups groups) {
    return Math.min(Math.min(hostAvailable(root), limitAvailable(root)), groups.availableBytes());
  }

  /** What this process may still allocate under its own limit ({@code RLIMIT_DATA}), such as that of a worker. */
  private static long limitAvailable(Path root) {
    Path self = root.resolve("proc/self");
    try {
      OptionalLong limit = limit(self);
      OptionalLong used = number(Files.readAllLines(self.resolve("status")), Pattern.compile("VmData:\\s+(\\d+) kB"));
      return limit.isPresent() ? Math.max(0, limit.getAsLong() - used.orElse(0) * 1024) : Long.MAX_VALUE;
    } catch (IOException absent) {
      // This is not Linux.
      return Long.MAX_VALUE;
    }
  }

  private static OptionalLong limit(Path self) throws IOException {
    return number(Files.readAllLines(self.resolve("limits")), Pattern.compile("Max data size\\s+(\\d+)\\s.*"));
  }

  /** What this process may allocate in all under such a limit, in bytes; empty if there is none. */
  static OptionalLong limit() {
    try {
      return limit(Path.of("/proc/self"));
    } catch (IOException absent) {
      // This is not Linux.
      return OptionalLong.empty();
    }
  }

  /** Whether this process has such a limit, in which the stacks of threads count as a whole. */
  public static boolean isLimited() {
    return limitAvailable(Path.of("/")) != Long.MAX_VALUE;
  }

  private static OptionalLong number(List<String> lines, Pattern pattern) {
    return lines.stream()
        .map(pattern::matcher)
        .filter(Matcher::matches)
        .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
        .findFirst();
  }

  private static long hostAvailable(Path root) {
    try {
      OptionalLong available = memAvailable(Files.readAllLines(root.resolve("proc/meminfo")));
      if (available.isPresent()) {
        return available.getAsLong();
      }
    } catch (IOException absent) {
      // This is not Linux.
    }
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getFreeMemorySize();
  }

  /** The line {@code MemAvailable: 12345 kB} of /proc/meminfo, in bytes. */
  private static OptionalLong memAvailable(List<String> lines) {
    for (String line : lines) {
      if (line.startsWith("MemAvailable:")) {
        String[] words = line.trim().split("\\s+");
        return OptionalLong.of(Long.parseLong(words[1]) * 1024);
      }
    }
    return OptionalLong.empty();
  }

  /** Formats a number of bytes for a message, such as {@code "1.5 GiB"}. */
  public static String text(long bytes) {
    if (bytes >= 1L << 30) {
      return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
