package io.panallama.server.documents;

import io.panallama.server.documents.LibraryException.Reason;
import io.panallama.server.documents.LibraryJson.Completion;
import io.panallama.server.documents.LibraryJson.KeptUpload;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Files of a {@link DocumentLibrary} that come in parts, which may be sent at the same time and in any order.
 *
 * <p>What a method has changed is on the disk when it returns: after a crash an upload goes on with the parts that were
 * acknowledged. One that is not completed within an hour expires, and its parts are deleted. Parts count towards {@link
 * LibraryLimits#maxTotalBytes}.
 *
 * <p>Lifetime: that of its library. Thread-safe.
 */
public final class Uploads {
  /** The most uploads; when there are more, the oldest that is completed, cancelled or expired is forgotten. */
  public static final int MAX_UPLOADS = 1_000;

  /** The most parts of an upload. */
  public static final int MAX_PARTS = 1_000;

  /**
   * How many there may be.
   *
   * @param uploads the most uploads
   * @param parts the most parts of an upload
   * @param allParts the most parts of all uploads together
   */
  record Bounds(int uploads, int parts, int allParts) {
    static final Bounds DEFAULT = new Bounds(MAX_UPLOADS, MAX_PARTS, 20_000);
  }

  static final String DATA = "data";

  private static final String PART_IDS = "part_ids";
  private static final String MD5 = "md5";

  private final LibraryFolder folder;
  private final FileShelf files;
  private final LibraryLimits limits;
  private final Journal journal;
  private final Stamps stamps;
  private final Bounds bounds;

  /** By their ids, in the order in which they came. */
  private final Map<String, UploadState> uploads = new LinkedHashMap<>();

  /** Held while parts are put together: one file at a time takes its bytes on the disk twice. */
  private final ReentrantLock assembling = new ReentrantLock();

  Uploads(LibraryFolder folder, FileShelf files, LibraryLimits limits, Journal journal, Stamps stamps, Bounds bounds) {
    this.folder = folder;
    this.files = files;
    this.limits = limits;
    this.journal = journal;
    this.stamps = stamps;
    this.bounds = bounds;
  }

  /** Adds an upload that is in the folder. */
  void load(UploadState upload) {
    stamps.after(upload.kept().created());
    upload.parts().keySet().forEach(part -> Ids.stamp(part).ifPresent(stamps::after));
    journal.locked(() -> uploads.put(upload.id(), upload));
    files.count(upload.partBytes());
    if (upload.state(stamps.now()) != Upload.State.PENDING) {
      discard(upload);
    }
  }

  /**
   * Begins an upload.
   *
   * @throws LibraryException with {@link Reason#INVALID} if a value is out of its range, {@link Reason#FILE_TOO_LARGE}, {@link
   *     Reason#LIBRARY_FULL} if too many uploads are pending, or what happens to files
   */
  public Upload create(Upload.Announcement announcement) {
    String label = FileShelf.label(announcement.filename());
    FileShelf.checkName("filename", label);
    FileShelf.checkPurpose(announcement.purpose());
    FileShelf.checkSeconds("expires_after.seconds", announcement.secondsToKeep());
    if (announcement.bytes() < 1) {
      throw LibraryException.invalid("bytes", "bytes is " + announcement.bytes() + "; it must be at least 1.");
    }
    if (announcement.bytes() > limits.maxFileBytes()) {
      throw LibraryException.tooLarge(
          "bytes", "bytes is " + announcement.bytes() + ". " + FileShelf.tooLarge(limits.maxFileBytes()));
    }
    Upload.Announcement kept =
        new Upload.Announcement(label, announcement.purpose(), announcement.bytes(), announcement.secondsToKeep());
    return journal.change(() -> {
      makeRoom();
      long created = stamps.next();
      UploadState upload =
          new UploadState(new KeptUpload(Ids.create(Ids.UPLOAD, created), created, kept, null, false), Map.of());
      folder.write(folder.upload(upload.id()), LibraryJson.upload(upload.kept()));
      return journal.locked(() -> {
        uploads.put(upload.id(), upload);
        return view(upload);
      });
    });
  }

  /** Forgets the oldest upload that has ended if there are too many. */
  private void makeRoom() {
    if (uploads.size() < bounds.uploads()) {
      return;
    }
    UploadState oldest =
        uploads.values().stream()
            .filter(upload -> upload.state(stamps.now()) != Upload.State.PENDING)
            .findFirst()
            .orElseThrow(() ->
                new LibraryException(
                    Reason.LIBRARY_FULL,
                    uploads.size() + " uploads are pending, and no more are taken; complete or cancel some first."));
    discard(oldest);
    folder.deleteUpload(oldest.id());
    journal.locked(() -> uploads.remove(oldest.id()));
  }

  private Upload view(UploadState upload) {
    return upload.view(stamps.now(), files::find);
  }

  private UploadState require(String id) {
    UploadState upload = uploads.get(id);
    if (upload == null) {
      throw FileShelf.unknown("Upload object", id);
    }
    return upload;
  }

  private UploadState requirePending(String id) {
    UploadState upload = require(id);
    return switch (upload.state(stamps.now())) {
      case PENDING -> upload;
      case COMPLETED -> throw ended(id, "is completed already");
      case CANCELLED -> throw ended(id, "was cancelled");
      case EXPIRED -> throw ended(id, "has expired");
    };
  }

  private static LibraryException ended(String id, String how) {
    return LibraryException.invalid("upload_id", "The upload " + id + " " + how + "; make another one.");
  }

  /**
   * Begins to receive a part, which the caller closes.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, {@link Reason#INVALID} if the upload takes no more parts, or what
   *     happens to files
   */
  public IncomingPart receive(String id) {
    long announced = journal.locked(() -> requireRoom(id).kept().announcement().bytes());
    return new IncomingPart(this, id, announced, new IncomingBytes(files, folder));
  }

  private UploadState requireRoom(String id) {
    UploadState upload = requirePending(id);
    if (upload.partCount() >= bounds.parts()) {
      throw LibraryException.invalid(
          DATA, "The upload has " + bounds.parts() + " parts, and takes no more; make another one, with larger parts.");
    }
    int all = uploads.values().stream().mapToInt(UploadState::partCount).sum();
    if (all >= bounds.allParts()) {
      throw new LibraryException(
          Reason.LIBRARY_FULL,
          "All uploads together have " + all + " parts, and no more are kept; complete or cancel some first.");
    }
    return upload;
  }

  /** Adds a part that was written to {@code incoming}. */
  UploadPart keep(String id, Path incoming, long bytes) {
    if (bytes == 0) {
      throw LibraryException.invalid(DATA, "data is empty; a part has at least one byte.");
    }
    return journal.change(() -> {
      UploadState upload = requireRoom(id);
      long created = stamps.next();
      UploadPart part = new UploadPart(Ids.create(Ids.PART, created), id, created, bytes);
      folder.moveIn(incoming, folder.uploadPart(id, part.id()));
      return journal.locked(() -> {
        upload.put(part.id(), bytes);
        return part;
      });
    });
  }

  /**
   * Makes a file of parts. Parts that are not named are deleted. Repeating it with the same parts gives the same answer.
   *
   * @param partIds the parts, in their order
   * @param md5 what the MD5 sum of the file must be, in hexadecimal digits; not checked if it is empty
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}; {@link Reason#INVALID} if the upload is not pending, there are no
   *     such parts, or their bytes are not those that were announced; {@link Reason#LIBRARY_FULL}, or what happens to files. The
   *     upload is pending then as it was
   */
  public Upload complete(String id, List<String> partIds, Optional<String> md5) {
    md5.filter(given -> !given.matches("[0-9a-fA-F]{32}"))
        .ifPresent(wrong -> {
          throw LibraryException.invalid(
              MD5,
              "md5 must be 32 hexadecimal digits, but it has " + wrong.length() + " characters or others than these.");
        });
    Optional<String> wanted = md5.map(given -> given.toLowerCase(Locale.ROOT));
    Path whole = folder.incoming();
    assembling.lock();
    try {
      Optional<Upload> before = journal.locked(() -> completed(id, partIds, wanted));
      if (before.isPresent()) {
        return before.get();
      }
      List<Path> parts = journal.locked(() -> requireParts(requirePending(id), partIds));
      String sum = assemble(id, parts, whole);
      if (wanted.isPresent() && !wanted.get().equals(sum)) {
        throw LibraryException.invalid(
            MD5, "md5 is " + wanted.get() + ", but that of the parts is " + sum + "; send them again.");
      }
      return journal.change(() -> complete(requirePending(id), hash(partIds), sum, whole));
    } finally {
      assembling.unlock();
      LibraryFolder.deleteQuietly(whole);
    }
  }

  /** What the answer was if an upload has been completed by the same request; empty if it is not completed. */
  private Optional<Upload> completed(String id, List<String> partIds, Optional<String> md5) {
    UploadState upload = require(id);
    Completion completion = upload.kept().completion();
    if (completion == null) {
      return Optional.empty();
    }
    boolean same =
        completion.partsHash().equals(hash(partIds)) && md5.orElse(completion.md5()).equals(completion.md5());
    return Optional.of(view(upload)).filter(seen -> same && seen.file().isPresent());
  }

  private List<Path> requireParts(UploadState upload, List<String> partIds) {
    Map<String, Long> known = upload.parts();
    Set<String> seen = new HashSet<>();
    List<Path> paths = new ArrayList<>();
    long sum = 0;
    for (int i = 0; i < partIds.size(); i++) {
      String part = partIds.get(i);
      String where = PART_IDS + "[" + i + "]";
      Long bytes = known.get(part);
      if (bytes == null) {
        throw LibraryException.invalid(
            where, where + " is no part of the upload " + upload.id() + "; it must be the id of one.");
      }
      if (!seen.add(part)) {
        throw LibraryException.invalid(where, where + " is " + part + ", which is there twice.");
      }
      sum += bytes;
      paths.add(folder.uploadPart(upload.id(), part));
    }
    long announced = upload.kept().announcement().bytes();
    if (sum != announced) {
      throw LibraryException.invalid(
          PART_IDS,
          "The parts of part_ids have "
              + sum
              + " bytes together, but the upload was announced with "
              + announced
              + ".");
    }
    return paths;
  }

  /** Writes parts one behind the other; their MD5 sum. */
  private String assemble(String id, List<Path> parts, Path whole) {
    MessageDigest digest = digest("MD5");
    byte[] buffer = new byte[64 << 10];
    try (OutputStream out = folder.create(whole)) {
      for (Path part : parts) {
        try (InputStream in = Files.newInputStream(part)) {
          for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            digest.update(buffer, 0, read);
            out.write(buffer, 0, read);
          }
        }
      }
    } catch (IOException failure) {
      // It may have been cancelled meanwhile.
      journal.locked(() -> requirePending(id));
      throw LibraryFolder.failed("The parts of the upload " + id + " can't be put together", failure);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String hash(List<String> partIds) {
    byte[] ids = String.join("\n", partIds).getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(digest("SHA-256").digest(ids));
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("Every Java has " + algorithm + ".", missing);
    }
  }

  private Upload complete(UploadState upload, String partsHash, String md5, Path whole) {
    Upload.Announcement announced = upload.kept().announcement();
    StoredFile file =
        files.plan(announced.bytes(), announced.filename(), announced.purpose(), announced.secondsToKeep());
    KeptUpload before = upload.kept();
    KeptUpload done = before.completed(new Completion(file.id(), partsHash, md5));
    // First, so that no crash leaves a file and an upload that would make another one; the loader knows it is pending
    // without the file.
    folder.write(folder.upload(upload.id()), LibraryJson.upload(done));
    try {
      files.keep(whole, file);
    } catch (LibraryException failed) {
      restore(before, failed);
      throw failed;
    }
    files.count(file.bytes());
    journal.locked(() -> {
      upload.keep(done);
      return done;
    });
    discard(upload);
    return journal.locked(() -> view(upload));
  }

  private void restore(KeptUpload before, LibraryException failed) {
    try {
      folder.write(folder.upload(before.id()), LibraryJson.upload(before));
    } catch (LibraryException second) {
      // The loader does it.
      failed.addSuppressed(second);
    }
  }

  /**
   * Cancels an upload, whose parts are deleted. Repeating it is harmless.
   *
   * @throws LibraryException with {@link Reason#UNKNOWN_ID}, {@link Reason#INVALID} if it is completed or has expired, or what
   *     happens to files
   */
  public Upload cancel(String id) {
    return journal.change(() -> {
      UploadState upload = require(id);
      if (!upload.kept().cancelled()) {
        KeptUpload cancelled = requirePending(id).kept().cancel();
        folder.write(folder.upload(id), LibraryJson.upload(cancelled));
        journal.locked(() -> {
          upload.keep(cancelled);
          return cancelled;
        });
        discard(upload);
      }
      return journal.locked(() -> view(upload));
    });
  }

  /** Deletes the parts of uploads that have expired. */
  void expire() {
    if (journal.locked(() -> uploads.values().stream().anyMatch(this::isOver))) {
      journal.change(() -> {
        uploads.values().stream().filter(this::isOver).forEach(this::discard);
        return true;
      });
    }
  }

  private boolean isOver(UploadState upload) {
    return upload.partCount() > 0 && upload.state(stamps.now()) == Upload.State.EXPIRED;
  }

  /** Deletes the parts of an upload that has ended; those that can't be are deleted when the library is opened. */
  private void discard(UploadState upload) {
    upload.parts().keySet().forEach(part -> LibraryFolder.deleteQuietly(folder.uploadPart(upload.id(), part)));
    long bytes =
        journal.locked(() -> {
          long all = upload.partBytes();
          upload.removeParts();
          return all;
        });
    files.release(bytes);
  }
}
