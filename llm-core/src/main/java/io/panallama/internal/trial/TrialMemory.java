package io.panallama.internal.trial;

import io.panallama.internal.trial.TrialResult.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Results of trials, one small file each, shared by all processes of a user. A file is written under another name and
 * renamed, so it is whole or absent. Nothing here fails a load: what can't be read is tried again.
 */
final class TrialMemory {
  /** The most results that are kept; the least recently written ones go first. */
  private static final int MOST = 2000;

  private static final String PASSED = "passed";
  private static final String DIED = "died ";

  private final Path folder;

  TrialMemory(Path folder) {
    this.folder = folder;
  }

  Optional<TrialResult> find(String key) {
    try {
      String text = Files.readString(folder.resolve(key)).strip();
      if (text.equals(PASSED)) {
        return Optional.of(TrialResult.PASSED);
      }
      return text.startsWith(DIED)
          ? Optional.of(new TrialResult(Outcome.DIED, text.substring(DIED.length())))
          : Optional.empty();
    } catch (IOException unknown) {
      return Optional.empty();
    }
  }

  void store(String key, TrialResult result) {
    if (!result.isFinal()) {
      return;
    }
    Path part = folder.resolve(".tmp-" + UUID.randomUUID());
    try {
      Files.createDirectories(folder);
      Files.writeString(part, (result.outcome() == Outcome.PASSED ? PASSED : DIED + result.words()) + "\n");
      Files.move(part, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE);
      removeOldest();
    } catch (IOException unwritable) {
      System.getLogger(TrialMemory.class.getName())
          .log(System.Logger.Level.DEBUG, "the result of a trial can''t be kept: {0}", unwritable);
    }
  }

  private void removeOldest() throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.list(folder)) {
      all = files.toList();
    }
    if (all.size() <= MOST) {
      return;
    }
    record Aged(Path file, long time) {}
    List<Path> oldest =
        all.stream()
            .map(file -> new Aged(file, file.toFile().lastModified()))
            .sorted(Comparator.comparingLong(Aged::time))
            .limit(all.size() - MOST / 2)
            .map(Aged::file)
            .toList();
    for (Path file : oldest) {
      Files.deleteIfExists(file);
    }
  }
}
