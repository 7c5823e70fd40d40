package io.panallama.server.documents;

import java.util.EnumMap;
import java.util.Map;

/** How many files of a vector store, or of a batch, are in which state. */
public record FileCounts(int inProgress, int completed, int failed, int cancelled) {
  static FileCounts of(Iterable<StoreFile> files) {
    Map<FileState, Integer> counts = new EnumMap<>(FileState.class);
    files.forEach(file -> counts.merge(file.state(), 1, Integer::sum));
    return new FileCounts(
        counts.getOrDefault(FileState.IN_PROGRESS, 0),
        counts.getOrDefault(FileState.COMPLETED, 0),
        counts.getOrDefault(FileState.FAILED, 0),
        counts.getOrDefault(FileState.CANCELLED, 0));
  }

  /** All of them. */
  public int total() {
    return inProgress + completed + failed + cancelled;
  }
}
