package io.panallama.benchmarks.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process and those that it has started hold, as Linux tells it in {@code /proc}: a server and its workers.
 *
 * @param residentKib resident memory, without pages of mapped files
 * @param mappedKib resident pages of mapped files, such as the weights and the code; what two processes map counts twice
 * @param threads all of them, the JVM's included
 * @param descriptors open file descriptors
 */
public record Footprint(long residentKib, long mappedKib, int threads, int descriptors) {
  /** That of a running process with its descendants. */
  public static Footprint of(long pid) throws IOException {
    Footprint sum = alone(pid);
    List<ProcessHandle> started = ProcessHandle.of(pid).stream().flatMap(ProcessHandle::descendants).toList();
    for (ProcessHandle each : started) {
      sum = sum.plus(descendant(each.pid()));
    }
    return sum;
  }

  private static Footprint descendant(long pid) throws IOException {
    try {
      return alone(pid);
    } catch (NoSuchFileException ended) {
      return new Footprint(0, 0, 0, 0);
    }
  }

  private Footprint plus(Footprint other) {
    return new Footprint(
        residentKib + other.residentKib,
        mappedKib + other.mappedKib,
        threads + other.threads,
        descriptors + other.descriptors);
  }

  private static Footprint alone(long pid) throws IOException {
    long resident = 0;
    long mapped = 0;
    int threads = 0;
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
      String value = line.substring(line.indexOf(':') + 1).replace("kB", "").strip();
      switch (line.substring(0, Math.max(0, line.indexOf(':')))) {
        case "RssAnon" -> resident = Long.parseLong(value);
        case "RssFile" -> mapped = Long.parseLong(value);
        case "Threads" -> threads = Integer.parseInt(value);
        default -> {}
      }
    }
    try (Stream<Path> open = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      return new Footprint(resident, mapped, threads, Math.toIntExact(open.count()));
    }
  }
}
