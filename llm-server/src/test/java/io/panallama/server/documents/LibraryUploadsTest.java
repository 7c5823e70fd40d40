package io.panallama.server.documents;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.server.WordEmbedder;
import io.panallama.server.documents.LibraryException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LibraryUploadsTest {
  @TempDir private Path folder;

  private final WordEmbedder embedder = new WordEmbedder(8);
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-30T07:00:00Z"));
  private final Clock clock = ((InstantSource) now::get).withZone(ZoneOffset.UTC);

  /** How many more files can be created until the disk is full. */
  private final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE);

  private DocumentLibrary open() {
    return open(LibraryLimits.DEFAULT);
  }

  private DocumentLibrary open(LibraryLimits limits) {
    LibraryFolder disk =
        new LibraryFolder(folder) {
          @Override
          OutputStream create(Path path) throws IOException {
            if (room.getAndDecrement() <= 0) {
              throw new IOException("No space left on device");
            }
            return super.create(path);
          }
        };
    return DocumentLibrary.open(disk, embedder.named("words"), limits, clock);
  }

  private static String create(DocumentLibrary library, long bytes) {
    return library.uploads().create(new Upload.Announcement("a.txt", "assistants", bytes, OptionalLong.empty())).id();
  }

  private static String part(DocumentLibrary library, String upload, String text) {
    return part(library.uploads(), upload, text);
  }

  private static String part(Uploads uploads, String upload, String text) {
    try (IncomingPart incoming = uploads.receive(upload)) {
      byte[] bytes = text.getBytes(UTF_8);
      incoming.write(bytes, bytes.length);
      return incoming.keep().id();
    }
  }

  private static StoredFile complete(DocumentLibrary library, String upload, String... parts) {
    return library.uploads().complete(upload, List.of(parts), Optional.empty()).file().orElseThrow();
  }

  private static String content(DocumentLibrary library, StoredFile file) throws IOException {
    try (InputStream content = library.content(file.id())) {
      return new String(content.readAllBytes(), UTF_8);
    }
  }

  private static void refused(Reason reason, Runnable work) {
    assertThatExceptionOfType(LibraryException.class)
        .isThrownBy(work::run)
        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }

  private List<String> everything() throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).map(path -> folder.relativize(path).toString()).sorted().toList();
    }
  }

  /** The folder as a kill at this moment leaves it. */
  private void copy(Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.toList()) {
        Files.copy(path, to.resolve(folder.relativize(path)));
      }
    }
  }

  @Test
  void whatWasAcknowledgedSurvivesAKill(@TempDir Path other) throws IOException {
    Path killed = other.resolve("killed");
    String id;
    String one;
    try (DocumentLibrary library = open()) {
      id = create(library, 6);
      one = part(library, id, "one");
      Files.writeString(folder.resolve("incoming/half"), "half a part");
      copy(killed);
    }
    try (DocumentLibrary library =
        DocumentLibrary.open(new LibraryFolder(killed), embedder.named("words"), new LibraryLimits(10, 10), clock)) {
      // Its bytes are counted.
      refused(Reason.LIBRARY_FULL, () -> part(library, create(library, 10), "x".repeat(8)));
      String two = part(library, id, "two");
      assertThat(content(library, complete(library, id, two, one))).isEqualTo("twoone");
      assertThat(killed.resolve("incoming")).isEmptyDirectory();
    }
  }

  /** Whatever a completion has written when the process is killed, there is one file in the end. */
  @Test
  void aCompletionIsWholeOrNotThere(@TempDir Path other) throws IOException {
    String id;
    String part;
    Path before = other.resolve("before");
    try (DocumentLibrary library = open()) {
      id = create(library, 3);
      part = part(library, id, "one");
      copy(before);
      StoredFile file = complete(library, id, part);
      // The upload knows its file, which was not moved yet.
      Files.copy(folder.resolve("uploads").resolve(id).resolve("upload.json"), other.resolve("upload.json"));
      assertThat(library.files()).containsExactly(file);
    }
    Files.move(
        other.resolve("upload.json"),
        before.resolve("uploads").resolve(id).resolve("upload.json"),
        StandardCopyOption.REPLACE_EXISTING);
    try (DocumentLibrary library =
        DocumentLibrary.open(new LibraryFolder(before), embedder.named("words"), LibraryLimits.DEFAULT, clock)) {
      assertThat(library.files()).isEmpty();
      StoredFile file = complete(library, id, part);
      assertThat(content(library, file)).isEqualTo("one");
      assertThat(library.files()).containsExactly(file);
    }
    // The file was moved, and the parts were not deleted.
    Files.writeString(folder.resolve("uploads").resolve(id).resolve(part), "one");
    try (DocumentLibrary library = open()) {
      assertThat(library.files()).hasSize(1);
      assertThat(complete(library, id, part)).isEqualTo(library.files().getFirst());
      assertThat(everything()).noneMatch(path -> path.endsWith(part));
    }
  }

  @Test
  void anUploadExpiresAndLeavesNoParts() throws IOException {
    String id;
    try (DocumentLibrary library = open(new LibraryLimits(100, 100))) {
      id = create(library, 100);
      String part = part(library, id, "x".repeat(100));
      refused(Reason.LIBRARY_FULL, () -> part(library, create(library, 1), "x"));
      now.set(now.get().plus(Duration.ofMinutes(59)));
      library.upkeep().round();
      assertThat(everything()).contains("uploads/" + id + "/" + part);
      try (IncomingPart late = library.uploads().receive(id)) {
        now.set(now.get().plus(Duration.ofMinutes(1)));
        library.upkeep().round();
        assertThat(everything()).noneMatch(path -> path.endsWith(part));
        late.write(new byte[1], 1);
        refused(Reason.INVALID, late::keep);
      }
      refused(Reason.INVALID, () -> library.uploads().receive(id));
      refused(Reason.INVALID, () -> complete(library, id, part));
      refused(Reason.INVALID, () -> library.uploads().cancel(id));
      String next = create(library, 100);
      part(library, next, "y".repeat(100));
    }
    now.set(now.get().plus(Duration.ofHours(1)));
    try (DocumentLibrary library = open(new LibraryLimits(100, 100))) {
      assertThat(everything()).noneMatch(path -> path.contains("part_"));
      String last = create(library, 100);
      complete(library, last, part(library, last, "z".repeat(100)));
    }
  }

  /** The disk is full when the bytes, what is known of the upload, or what is known of the file is to be written. */
  @ParameterizedTest
  @CsvSource({"0, false", "1, false", "2, false", "2, true"})
  void aFullDiskLeavesTheUploadPending(int created, boolean closed) throws IOException {
    String id;
    String part;
    try (DocumentLibrary library = open()) {
      id = create(library, 3);
      part = part(library, id, "one");
      room.set(created);
      refused(Reason.DISK_FULL, () -> complete(library, id, part));
      room.set(0);
      refused(Reason.DISK_FULL, () -> part(library, id, "x"));
      refused(Reason.DISK_FULL, () -> create(library, 3));
      assertThat(library.files()).isEmpty();
      room.set(Integer.MAX_VALUE);
      if (!closed) {
        complete(library, id, part);
      }
    }
    try (DocumentLibrary library = open()) {
      assertThat(content(library, complete(library, id, part))).isEqualTo("one");
      assertThat(library.files()).hasSize(1);
    }
  }

  @Test
  void partsComeAtTheSameTimeAndAFileIsMadeOnce() throws Exception {
    try (DocumentLibrary library = open();
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      String id = create(library, 160);
      List<Future<String>> sent = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        String text = Character.toString('a' + i).repeat(10);
        sent.add(threads.submit(() -> part(library, id, text)));
      }
      List<String> parts = new ArrayList<>();
      for (Future<String> part : sent) {
        parts.add(part.get());
      }
      List<Future<StoredFile>> files = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        files.add(threads.submit(() -> complete(library, id, parts.toArray(String[]::new))));
      }
      for (Future<StoredFile> file : files) {
        assertThat(file.get()).isEqualTo(library.files().getFirst());
      }
      assertThat(library.files()).hasSize(1);
      assertThat(content(library, library.files().getFirst())).startsWith("aaaaaaaaaabb").endsWith("p").hasSize(160);
    }
  }

  @Test
  void uploadsAndPartsAreBounded() {
    Journal journal = new Journal();
    Stamps stamps = new Stamps(clock);
    try (LibraryFolder disk = new LibraryFolder(folder)) {
      FileShelf files = new FileShelf(disk, LibraryLimits.DEFAULT, journal, stamps);
      Uploads.Bounds bounds = new Uploads.Bounds(4, 3, 5);
      Uploads uploads = new Uploads(disk, files, LibraryLimits.DEFAULT, journal, stamps, bounds);
      String first = create(uploads);
      uploads.cancel(first);
      String full = create(uploads);
      for (int i = 0; i < bounds.parts(); i++) {
        part(uploads, full, "x");
      }
      refused(Reason.INVALID, () -> part(uploads, full, "x"));
      String other = create(uploads);
      part(uploads, other, "x");
      part(uploads, other, "x");
      refused(Reason.LIBRARY_FULL, () -> part(uploads, other, "x"));
      create(uploads);
      // The one that was cancelled is forgotten.
      create(uploads);
      refused(Reason.UNKNOWN_ID, () -> uploads.cancel(first));
      assertThat(disk.uploadIds()).hasSize(bounds.uploads()).doesNotContain(first);
      refused(Reason.LIBRARY_FULL, () -> create(uploads));
      uploads.cancel(full);
      part(uploads, other, "x");
      create(uploads);
    } finally {
      journal.close();
    }
  }

  private static String create(Uploads uploads) {
    return uploads.create(new Upload.Announcement("a.txt", "assistants", 5, OptionalLong.empty())).id();
  }
}
