package io.panallama.internal.llama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The limits that Linux control groups (versions 1 and 2) impose on this process. The limits of the groups above its
 * own also count, as far up as the mounted hierarchy shows them; a container sees only its own groups.
 *
 * <p>Every call reads the files again, since limits and usage change. A file that is missing or malformed imposes no
 * limit. Thread-safe.
 */
final class ControlGroups {
  static final long UNLIMITED = Long.MAX_VALUE;

  private final Path root;

  /** Read once: what is mounted where does not change as long as a process runs, but the process may change its group. */
  private volatile @Nullable List<Mount> mounts;

  /**
   * @param root the folder that contains {@code proc} and {@code sys}: {@code /} except in tests
   */
  ControlGroups(Path root) {
    this.root = root;
  }

  /**
   * Bytes that this process can still allocate before the kernel kills or throttles it because of one of its groups;
   * {@link #UNLIMITED} without a limit. Memory that the kernel can reclaim counts as available, as in
   * {@code MemAvailable}: file pages, such as a model's mapped weights, stay in memory (and in {@code memory.current})
   * after the process that read them has ended.
   */
  long availableBytes() {
    long version2 = least(groups("cgroup2", ""), ControlGroups::availableBytes2);
    long version1 = least(groups("cgroup", "memory"), ControlGroups::availableBytes1);
    return Math.min(version1, version2);
  }

  private static long availableBytes2(Path group) {
    long limit = Math.min(limit(group, "memory.max"), limit(group, "memory.high"));
    if (limit == UNLIMITED) {
      return UNLIMITED;
    }
    Map<String, Long> stat = table(group.resolve("memory.stat"));
    long reclaimable = sum(stat, "inactive_file", "active_file", "slab_reclaimable");
    return available(limit, group.resolve("memory.current"), reclaimable);
  }

  private static long availableBytes1(Path group) {
    Map<String, Long> stat = table(group.resolve("memory.stat"));
    // The hierarchical limit includes the groups above, which a container does not see.
    long hierarchical = stat.getOrDefault("hierarchical_memory_limit", UNLIMITED);
    long limit = Math.min(limit(group, "memory.limit_in_bytes"), hierarchical);
    long reclaimable = sum(stat, "total_inactive_file", "total_active_file");
    return available(limit, group.resolve("memory.usage_in_bytes"), reclaimable);
  }

  private static long available(long limit, Path usage, long reclaimable) {
    OptionalLong used = number(usage);
    if (limit == UNLIMITED || used.isEmpty()) {
      return UNLIMITED;
    }
    return Math.max(0, limit - Math.max(0, used.getAsLong() - reclaimable));
  }

  /**
   * The number of processors that a quota allows, rounded down but at least 1; {@code most} without a quota. If it were
   * rounded up (as in {@link Runtime#availableProcessors}), 1.5 processors would get two threads, one of which is
   * stopped half of the time while the other spins waiting for it.
   */
  int processors(int most) {
    long version2 = least(groups("cgroup2", ""), ControlGroups::processors2);
    long version1 = least(groups("cgroup", "cpu"), ControlGroups::processors1);
    return (int) Math.min(most, Math.max(1, Math.min(version1, version2)));
  }

  private static long processors2(Path group) {
    String[] words = text(group.resolve("cpu.max")).orElse("max").split("\\s+");
    return words.length < 2 ? UNLIMITED : quotient(parse(words[0]), parse(words[1]));
  }

  private static long processors1(Path group) {
    return quotient(number(group.resolve("cpu.cfs_quota_us")), number(group.resolve("cpu.cfs_period_us")));
  }

  /** Without a quota, version 1 has the value -1 and version 2 a word instead of a number. */
  private static long quotient(OptionalLong quota, OptionalLong period) {
    boolean limited = quota.orElse(-1) > 0 && period.orElse(0) > 0;
    return limited ? quota.getAsLong() / period.getAsLong() : UNLIMITED;
  }

  private static long least(List<Path> groups, ToLongFunction<Path> limit) {
    return groups.stream().mapToLong(limit).min().orElse(UNLIMITED);
  }

  /**
   * This process's group in the first hierarchy of a type, and all groups above it.
   *
   * @param type the file system type
   * @param controller for version 1, which has a hierarchy for each controller or for several together; empty for
   *     version 2
   */
  private List<Path> groups(String type, String controller) {
    Optional<Mount> mount =
        mounts().stream()
            .filter(candidate -> candidate.type().equals(type))
            .filter(candidate -> controller.isEmpty() || candidate.options().contains(controller))
            .findFirst();
    Optional<String> path =
        lines("proc/self/cgroup").stream()
            .map(line -> line.split(":", 3))
            .filter(fields -> fields.length == 3 && List.of(fields[1].split(",")).contains(controller))
            .map(fields -> fields[2])
            .findFirst();
    if (mount.isEmpty() || path.isEmpty()) {
      return List.of();
    }
    Path top = root.resolve(mount.get().point().substring(1));
    List<Path> groups = new ArrayList<>();
    for (Path group = top.resolve(mount.get().below(path.get())); group.startsWith(top); group = parent(group)) {
      groups.add(group);
    }
    return groups;
  }

  private List<Mount> mounts() {
    List<Mount> known = mounts;
    if (known == null) {
      known =
          lines("proc/self/mountinfo").stream()
              .flatMap(line -> Mount.parse(line).stream())
              .filter(mount -> mount.type().startsWith("cgroup"))
              .toList();
      mounts = known;
    }
    return known;
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    return parent == null ? Path.of("") : parent;
  }

  /**
   * A line of {@code mountinfo}: {@code 36 35 98:0 /root /point rw,noatime master:1 - cgroup cgroup rw,memory}.
   *
   * @param top the group that is mounted, which in a container without its own namespace is not the hierarchy's root
   * @param point the mount point
   * @param options of the file system: for version 1, its controllers
   */
  private record Mount(String top, String point, String type, List<String> options) {
    static Optional<Mount> parse(String line) {
      if (!line.contains("cgroup")) {
        return Optional.empty();
      }
      String[] sides = line.split(" - ", 2);
      String[] left = sides[0].split(" ");
      String[] right = sides.length < 2 ? new String[0] : sides[1].split(" ");
      if (left.length < 5 || right.length < 3 || !left[4].startsWith("/")) {
        return Optional.empty();
      }
      return Optional.of(new Mount(left[3], unescape(left[4]), right[0], List.of(right[2].split(","))));
    }

    /**
     * The path of a group below the mount point; the mount point itself for a group that is not below the mounted one.
     */
    String below(String group) {
      String prefix = top.equals("/") ? "" : top;
      boolean inside = group.equals(prefix) || group.startsWith(prefix + "/");
      return !inside || group.contains("/..") ? "" : group.substring(prefix.length()).replaceFirst("^/+", "");
    }

    /** The kernel writes a space as \040. */
    private static String unescape(String path) {
      return path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\");
    }
  }

  private List<String> lines(String file) {
    return text(root.resolve(file)).map(text -> text.lines().toList()).orElse(List.of());
  }

  private static Optional<String> text(Path file) {
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException absent) {
      return Optional.empty();
    }
  }

  private static long limit(Path group, String file) {
    return number(group.resolve(file)).orElse(UNLIMITED);
  }

  /** Empty for a file that is missing, and for {@code max}. */
  private static OptionalLong number(Path file) {
    return text(file).map(ControlGroups::parse).orElse(OptionalLong.empty());
  }

  private static OptionalLong parse(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException notOne) {
      return OptionalLong.empty();
    }
  }

  /** Reads lines that consist of a name and a number. */
  private static Map<String, Long> table(Path file) {
    return text(file)
        .orElse("")
        .lines()
        .map(line -> line.split(" "))
        .filter(words -> words.length == 2 && parse(words[1]).isPresent())
        .collect(Collectors.toMap(words -> words[0], words -> Long.parseLong(words[1]), (first, second) -> first));
  }

  private static long sum(Map<String, Long> table, String... names) {
    long sum = 0;
    for (String name : names) {
      sum += table.getOrDefault(name, 0L);
    }
    return sum;
  }
}
