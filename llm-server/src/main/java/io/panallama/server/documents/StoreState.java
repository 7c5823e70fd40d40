package io.panallama.server.documents;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** A vector store as a library holds it. Guarded by the library's lock. */
final class StoreState {
  private final String id;
  private LibraryJson.KeptStore kept;

  /** By their ids, in the order in which they were added. */
  private final Map<String, StoreFile> files = new LinkedHashMap<>();

  private final Map<String, LibraryJson.KeptBatch> batches = new HashMap<>();

  StoreState(String id, LibraryJson.KeptStore kept) {
    this.id = id;
    this.kept = kept;
  }

  String id() {
    return id;
  }

  LibraryJson.KeptStore kept() {
    return kept;
  }

  void keep(LibraryJson.KeptStore other) {
    kept = other;
  }

  List<StoreFile> files() {
    return List.copyOf(files.values());
  }

  Optional<StoreFile> file(String fileId) {
    return Optional.ofNullable(files.get(fileId));
  }

  int size() {
    return files.size();
  }

  /** Adds a file behind the others, or changes one that is there. */
  void put(StoreFile file) {
    StoreFile known = files.get(file.fileId());
    if (known != null && known.created() != file.created()) {
      files.remove(file.fileId());
    }
    files.put(file.fileId(), file);
  }

  void remove(String fileId) {
    files.remove(fileId);
  }

  Optional<LibraryJson.KeptBatch> batch(String batchId) {
    return Optional.ofNullable(batches.get(batchId));
  }

  int batches() {
    return batches.size();
  }

  void put(LibraryJson.KeptBatch batch) {
    batches.put(batch.id(), batch);
  }

  /** The oldest batch whose files have all been read, so that only its record is left. */
  Optional<LibraryJson.KeptBatch> oldestDone() {
    return batches.values().stream()
        .filter(batch -> filesOf(batch.id()).stream().noneMatch(file -> file.state() == FileState.IN_PROGRESS))
        .min(Comparator.comparingLong(LibraryJson.KeptBatch::created));
  }

  void removeBatch(String batchId) {
    batches.remove(batchId);
  }

  List<StoreFile> filesOf(String batchId) {
    return files.values().stream().filter(file -> batchId.equals(file.batchId())).toList();
  }

  boolean isExpired(long now) {
    OptionalLong expiry = VectorStore.expiry(kept.settings(), kept.lastActiveAt());
    return expiry.isPresent() && expiry.getAsLong() <= now;
  }

  VectorStore view(long now) {
    long usage = files.values().stream().mapToLong(StoreFile::usageBytes).sum();
    return new VectorStore(
        id, kept.created(), kept.settings(), kept.lastActiveAt(), usage, FileCounts.of(files.values()), isExpired(now));
  }

  FileBatch view(LibraryJson.KeptBatch batch) {
    return new FileBatch(batch.id(), id, batch.created(), batch.cancelled(), FileCounts.of(filesOf(batch.id())));
  }
}
