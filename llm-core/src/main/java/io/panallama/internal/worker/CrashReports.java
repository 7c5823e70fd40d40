package io.panallama.internal.worker;

import io.panallama.internal.worker.Worker.Death;
import io.panallama.platform.CacheFolder;
import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Writes what is known about the death of a worker to a file. Thread-safe. */
final class CrashReports {
  private static final int MOST_FILES = 20;

  private final Path folder;

  CrashReports(Path folder) {
    this.folder = folder;
  }

  static Path usualFolder() {
    return CacheFolder.root().resolve("crashes");
  }

  Path folder() {
    return folder;
  }

  /**
   * Writes a report.
   *
   * @param shapes the requests that the worker had, without their text
   * @param requests their bytes, so that nothing is written that quotes them
   * @return the file, or why there is none
   */
  String write(long pid, String how, Death death, List<String> shapes, List<byte[]> requests) {
    List<String> lines = new ArrayList<>();
    lines.add("A worker process of Panallama died at " + Instant.now() + " (process " + pid + "): " + how + ".");
    lines.add("");
    lines.add("Its exit: " + death.how());
    lines.add("");
    lines.add("Requests that it had, without their text (" + shapes.size() + "):");
    shapes.forEach(shape -> lines.add("  " + shape));
    lines.add("");
    lines.add("Its last words:");
    Quotations.removed(death.lastWords(), requests).forEach(line -> lines.add("  " + line));
    String dump = death.dump();
    if (dump != null) {
      lines.add("");
      lines.add("From the JVM's own report:");
      // Registers and stack come next, where a JVM may show texts.
      dump.lines().takeWhile(line -> !line.startsWith("Registers:")).limit(80).forEach(line -> lines.add("  " + line));
    }
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve("worker-" + System.currentTimeMillis() + "-" + pid + ".txt");
      Files.write(file, lines);
      prune();
      return file.toString();
    } catch (IOException | RuntimeException unwritable) {
      return "none, because " + folder + " can't be written: " + FileTrouble.reason(unwritable);
    }
  }

  private void prune() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(file -> String.valueOf(file.getFileName()).startsWith("worker-")).sorted().toList();
    }
    for (int i = 0; i < files.size() - MOST_FILES; i++) {
      Files.deleteIfExists(files.get(i));
    }
  }
}
