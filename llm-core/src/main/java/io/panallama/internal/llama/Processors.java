package io.panallama.internal.llama;

import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The processors available to this process. Thread-safe. */
public final class Processors {
  private static final Path ROOT = Path.of("/");
  private static final int COUNT = new ControlGroups(ROOT).processors(Runtime.getRuntime().availableProcessors());

  /** Of proc(5): numbers and ranges of numbers, such as 0-3,8. */
  private static final Pattern ALLOWED = Pattern.compile("Cpus_allowed_list:\\s*([0-9,-]+)\\s*");

  private Processors() {}

  /**
   * The number of threads that can run at once, at least 1. Unlike {@link Runtime#availableProcessors} it rounds the
   * quota of a container down. Read only once: thread pools and the gate in front of them depend on it.
   */
  public static int count() {
    return COUNT;
  }

  /**
   * Checks that this process may run on these processors, where the operating system tells; ggml would go on without them.
   *
   * @throws EngineStartException if it may not
   */
  public static void require(Set<Integer> wanted) {
    require(wanted, ROOT);
  }

  /**
   * @param root the folder that contains {@code proc}
   */
  static void require(Set<Integer> wanted, Path root) {
    Optional<String> allowed = wanted.isEmpty() ? Optional.empty() : allowed(root);
    if (allowed.isEmpty()) {
      return;
    }
    Set<Integer> missing = new TreeSet<>(wanted);
    for (String range : allowed.get().split(",")) {
      String[] ends = range.split("-");
      int first = Integer.parseInt(ends[0]);
      int last = Integer.parseInt(ends[ends.length - 1]);
      missing.removeIf(processor -> processor >= first && processor <= last);
    }
    if (!missing.isEmpty()) {
      throw new EngineStartException(
          Reason.REFUSED,
          "placement.processors has "
              + missing.iterator().next()
              + ", but this process may run on "
              + allowed.get()
              + " only; name some of these, or none for all of them.",
          null);
    }
  }

  private static Optional<String> allowed(Path root) {
    try (Stream<String> status = Files.lines(root.resolve("proc/self/status"))) {
      return status.map(ALLOWED::matcher).filter(Matcher::matches).map(line -> line.group(1)).findFirst();
    } catch (IOException absent) {
      // This is not Linux.
      return Optional.empty();
    }
  }
}
