package io.panallama.internal.llama;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/** How much memory this process could still take without pushing anything out. */
public final class SystemMemory {
  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Path CGROUP = Path.of("/sys/fs/cgroup");

  private SystemMemory() {}

  /** Bytes; on Linux what the kernel calls available, within the limit of the control group. */
  public static long availableBytes() {
    return Math.min(systemAvailable(), groupAvailable());
  }

  private static long systemAvailable() {
    try {
      OptionalLong available = memAvailable(Files.readAllLines(MEMINFO));
      if (available.isPresent()) {
        return available.getAsLong();
      }
    } catch (IOException absent) {
      // Not Linux.
    }
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getFreeMemorySize();
  }

  /** The line {@code MemAvailable: 12345 kB} of /proc/meminfo, in bytes. */
  static OptionalLong memAvailable(List<String> lines) {
    for (String line : lines) {
      if (line.startsWith("MemAvailable:")) {
        String[] words = line.trim().split("\\s+");
        return OptionalLong.of(Long.parseLong(words[1]) * 1024);
      }
    }
    return OptionalLong.empty();
  }

  private static long groupAvailable() {
    try {
      String limit = Files.readString(CGROUP.resolve("memory.max")).strip();
      if (!limit.equals("max")) {
        long used = Long.parseLong(Files.readString(CGROUP.resolve("memory.current")).strip());
        return Math.max(0, Long.parseLong(limit) - used);
      }
    } catch (IOException | NumberFormatException noLimit) {
      // No control group of version 2, or none with a limit.
    }
    return Long.MAX_VALUE;
  }

  /** A number of bytes for a message, such as {@code "1.5 GiB"}. */
  public static String text(long bytes) {
    if (bytes >= 1L << 30) {
      return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
