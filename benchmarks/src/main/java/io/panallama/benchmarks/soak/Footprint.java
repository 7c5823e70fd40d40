package io.panallama.benchmarks.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a process holds, as Linux tells it in {@code /proc}.
 *
 * @param residentKib resident memory, without pages of mapped files
 * @param mappedKib resident pages of mapped files, such as the weights and the code
 * @param threads all of them, the JVM's included
 * @param descriptors open file descriptors
 */
record Footprint(long residentKib, long mappedKib, int threads, int descriptors) {
  /** That of a running process. */
  static Footprint of(long pid) throws IOException {
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
