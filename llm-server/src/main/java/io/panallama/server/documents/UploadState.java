package io.panallama.server.documents;

import io.panallama.server.documents.LibraryJson.KeptUpload;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** An upload as a library holds it. Guarded by the library's lock. */
final class UploadState {
  /** Seconds from the beginning of an upload until it expires. */
  static final long LIFETIME = 3_600;

  private KeptUpload kept;

  /** The bytes of its parts by their ids, in the order in which they came. */
  private final Map<String, Long> parts = new LinkedHashMap<>();

  UploadState(KeptUpload kept, Map<String, Long> parts) {
    this.kept = kept;
    this.parts.putAll(parts);
  }

  String id() {
    return kept.id();
  }

  KeptUpload kept() {
    return kept;
  }

  void keep(KeptUpload other) {
    kept = other;
  }

  Map<String, Long> parts() {
    return Map.copyOf(parts);
  }

  int partCount() {
    return parts.size();
  }

  void put(String partId, long bytes) {
    parts.put(partId, bytes);
  }

  void removeParts() {
    parts.clear();
  }

  /** The bytes of all parts. */
  long partBytes() {
    return parts.values().stream().mapToLong(Long::longValue).sum();
  }

  private long expiresAt() {
    return Stamps.seconds(kept.created()) + LIFETIME;
  }

  Upload.State state(long now) {
    if (kept.completion() != null) {
      return Upload.State.COMPLETED;
    }
    if (kept.cancelled()) {
      return Upload.State.CANCELLED;
    }
    return expiresAt() <= now ? Upload.State.EXPIRED : Upload.State.PENDING;
  }

  /**
   * How it is.
   *
   * @param files gives a file; empty if it is deleted
   */
  Upload view(long now, Function<String, Optional<StoredFile>> files) {
    LibraryJson.Completion completion = kept.completion();
    return new Upload(
        kept.id(),
        kept.created(),
        kept.announcement(),
        state(now),
        expiresAt(),
        completion == null ? Optional.empty() : files.apply(completion.fileId()));
  }
}
