package io.panallama.server.documents;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.query.Filter;
import io.panallama.server.LogRecords;
import io.panallama.server.WordEmbedder;
import io.panallama.server.documents.LibraryException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DocumentLibraryTest {
  private static final VectorStore.Settings PLAIN = new VectorStore.Settings("docs", Map.of("team", "a"), 0);

  @TempDir Path folder;

  private final WordEmbedder embedder = new WordEmbedder(32);
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-30T07:00:00Z"));
  private final Clock clock = ((InstantSource) now::get).withZone(ZoneOffset.UTC);

  private DocumentLibrary open() {
    return open(LibraryLimits.DEFAULT);
  }

  private DocumentLibrary open(LibraryLimits limits) {
    return DocumentLibrary.open(new LibraryFolder(folder), embedder.named("words"), limits, clock);
  }

  private static StoredFile store(DocumentLibrary library, String name, byte[] bytes) {
    try (IncomingFile incoming = library.receive()) {
      incoming.write(bytes, bytes.length);
      return incoming.keep(name, "assistants", OptionalLong.empty());
    }
  }

  private static StoredFile store(DocumentLibrary library, String name, String text) {
    return store(library, name, text.getBytes(UTF_8));
  }

  private static StoreFile.Addition addition(StoredFile file, Map<String, Object> attributes) {
    return new StoreFile.Addition(file.id(), attributes, ChunkConfig.DEFAULT);
  }

  private static StoreFile.Addition addition(StoredFile file) {
    return addition(file, Map.of());
  }

  private static StoreFile await(DocumentLibrary library, String store, String file) throws InterruptedException {
    StoreFile entry = library.storeFile(store, file);
    while (entry.state() == FileState.IN_PROGRESS) {
      Thread.sleep(5);
      entry = library.storeFile(store, file);
    }
    return entry;
  }

  private static List<String> names(List<FoundPassage> found) {
    return found.stream().map(FoundPassage::filename).toList();
  }

  private List<FoundPassage> search(DocumentLibrary library, String store, String query) {
    return library.search(List.of(store), query, 10, Optional.empty(), 0);
  }

  private List<String> everything() throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths.filter(Files::isRegularFile).map(path -> folder.relativize(path).toString()).sorted().toList();
    }
  }

  private static void refused(Reason reason, Runnable work) {
    assertThatExceptionOfType(LibraryException.class)
        .isThrownBy(work::run)
        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }

  @Test
  void aFileIsKeptAndFoundAgain() throws Exception {
    StoredFile file;
    try (DocumentLibrary library = open()) {
      file = store(library, "naïve 日本.txt", "A llama weighs 130 kg.");
      assertThat(file.bytes()).isEqualTo(22);
      assertThat(library.files()).containsExactly(file);
      try (InputStream content = library.content(file.id())) {
        assertThat(content.readAllBytes()).asString(UTF_8).isEqualTo("A llama weighs 130 kg.");
      }
    }
    try (DocumentLibrary library = open()) {
      assertThat(library.file(file.id())).isEqualTo(file);
      library.deleteFile(file.id());
      assertThat(library.files()).isEmpty();
      refused(Reason.UNKNOWN_ID, () -> library.file(file.id()));
      refused(Reason.UNKNOWN_ID, () -> library.content(file.id()));
      refused(Reason.UNKNOWN_ID, () -> library.deleteFile(file.id()));
    }
    assertThat(everything()).containsExactly("lock");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../etc/passwd",
        "C:\\dir\\a.txt",
        "/abs/olute",
        "..",
        ".",
        "a\0b\n.txt",
        "",
        "nul",
        "x/",
        "\u202egnp.txt"
      })
  void aNameIsALabelAndNoPath(String name) throws IOException {
    try (DocumentLibrary library = open()) {
      StoredFile file = store(library, name, "text");
      assertThat(file.filename()).isNotEmpty().doesNotContain("/", "\\", "\0", "\n");
      assertThat(everything()).contains("files/" + file.id(), "files/" + file.id() + ".json").hasSize(3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../lock", "file-", "file-../../lock", "lock", "", "file-ABCDEFGHIJKLMNOPQRSTUVWX", "\0"})
  void anIdThatIsNoneIsUnknown(String id) {
    try (DocumentLibrary library = open()) {
      refused(Reason.UNKNOWN_ID, () -> library.file(id));
      refused(Reason.UNKNOWN_ID, () -> library.deleteFile(id));
      refused(Reason.UNKNOWN_ID, () -> library.content(id));
      refused(Reason.UNKNOWN_ID, () -> library.store(id));
      refused(Reason.UNKNOWN_ID, () -> library.deleteStore(id));
      refused(
          Reason.UNKNOWN_ID,
          () -> library.createStore(PLAIN, List.of(new StoreFile.Addition(id, Map.of(), ChunkConfig.DEFAULT))));
      assertThat(library.stores()).isEmpty();
    }
  }

  @Test
  void anUploadThatIsNotKeptLeavesNothing() throws IOException {
    try (DocumentLibrary library = open(new LibraryLimits(100, 150))) {
      try (IncomingFile incoming = library.receive()) {
        incoming.write(new byte[90], 90);
        refused(Reason.FILE_TOO_LARGE, () -> incoming.write(new byte[11], 11));
      }
      store(library, "a.txt", "x".repeat(100));
      try (IncomingFile incoming = library.receive()) {
        incoming.write(new byte[50], 50);
        refused(Reason.LIBRARY_FULL, () -> incoming.write(new byte[1], 1));
      }
      // What was not kept makes room again.
      store(library, "b.txt", "x".repeat(50));
      refused(Reason.LIBRARY_FULL, () -> store(library, "c.txt", "x"));
      library.deleteFile(library.files().getFirst().id());
      store(library, "c.txt", "x".repeat(100));
      assertThat(everything()).filteredOn(path -> path.startsWith("incoming")).isEmpty();
      refused(
          Reason.INVALID,
          () -> {
            try (IncomingFile incoming = library.receive()) {
              incoming.keep("x".repeat(2_000), "p", OptionalLong.empty());
            }
          });
      assertThat(everything()).filteredOn(path -> path.startsWith("incoming")).isEmpty();
    }
  }

  @Test
  void filesAreReadAndSearchedByMeaningWordsAndAttributes() throws Exception {
    try (DocumentLibrary library = open()) {
      StoredFile llamas = store(library, "llamas.md", "# Llamas\n\nA llama weighs 130 kg and hums.");
      StoredFile cars = store(library, "cars.txt", "A car weighs a ton and has wheels.");
      StoredFile empty = store(library, "empty.txt", "  \n");
      String id = library.createStore(PLAIN, List.of(addition(llamas, Map.of("year", 2024L, "language", "en")))).id();
      library.addFile(id, addition(cars, Map.of("year", 2020.5, "draft", true)));
      library.addFile(id, addition(empty));

      assertThat(await(library, id, llamas.id()).state()).isEqualTo(FileState.COMPLETED);
      assertThat(await(library, id, cars.id()).usageBytes()).isGreaterThan(32 * Float.BYTES);
      StoreFile refused = await(library, id, empty.id());
      assertThat(refused.error().orElseThrow().kind()).isEqualTo(FileError.Kind.INVALID_FILE);
      assertThat(refused.error().orElseThrow().message()).startsWith("empty.txt: it has no text");

      VectorStore store = library.store(id);
      assertThat(store.files()).isEqualTo(new FileCounts(0, 2, 1, 0));
      assertThat(store.usageBytes()).isPositive();
      List<FoundPassage> found = search(library, id, "llama hums");
      assertThat(names(found)).startsWith("llamas.md");
      assertThat(found.getFirst().headings()).containsExactly("Llamas");
      assertThat(found.getFirst().attributes()).containsEntry("year", 2024L);
      assertThat(found).allSatisfy(passage -> assertThat(passage.score()).isBetween(0.0, 1.0));
      assertThat(found.getFirst().score()).isGreaterThan(0.2);
      assertThat(library.passages(id, llamas.id())).singleElement().asString().contains("hums");

      assertThat(names(filtered(library, id, Filter.equal("language", "en")))).containsExactly("llamas.md");
      assertThat(names(filtered(library, id, Filter.not(Filter.equal("language", "en"))))).containsExactly("cars.txt");
      assertThat(names(filtered(library, id, Filter.equal("draft", true)))).containsExactly("cars.txt");
      assertThat(names(filtered(library, id, Filter.equal("year", 2024.0)))).containsExactly("llamas.md");
      assertThat(names(filtered(library, id, Filter.atMost("year", 2021)))).containsExactly("cars.txt");
      assertThat(names(filtered(library, id, Filter.documents(List.of(cars.id()))))).containsExactly("cars.txt");
      assertThat(filtered(library, id, Filter.all(Filter.equal("draft", true), Filter.equal("language", "en"))))
          .isEmpty();
      assertThat(names(filtered(library, id, Filter.any(Filter.equal("draft", true), Filter.equal("language", "en")))))
          .hasSize(2);

      library.changeAttributes(id, cars.id(), Map.of("language", "en"));
      assertThat(names(filtered(library, id, Filter.equal("language", "en")))).hasSize(2);
      assertThat(filtered(library, id, Filter.equal("draft", true))).isEmpty();
      assertThat(library.search(List.of(id), "llama", 10, Optional.empty(), 0.999)).isEmpty();
      assertThat(library.search(List.of(id), "weighs", 1, Optional.empty(), 0)).hasSize(1);
    }
  }

  private List<FoundPassage> filtered(DocumentLibrary library, String store, Filter filter) {
    return library.search(List.of(store), "weighs", 10, Optional.of(filter), 0);
  }

  @Test
  void severalStoresAreSearchedTogether() throws Exception {
    try (DocumentLibrary library = open()) {
      StoredFile one = store(library, "one.txt", "The wombat digs burrows.");
      StoredFile two = store(library, "two.txt", "The wombat eats grass.");
      String first = library.createStore(PLAIN, List.of(addition(one))).id();
      String second = library.createStore(PLAIN, List.of(addition(two))).id();
      String none = library.createStore(PLAIN, List.of()).id();
      await(library, first, one.id());
      await(library, second, two.id());

      List<FoundPassage> found = library.search(List.of(none, first, second), "wombat", 10, Optional.empty(), 0);

      assertThat(names(found)).containsExactlyInAnyOrder("one.txt", "two.txt");
      refused(Reason.UNKNOWN_ID, () -> library.search(List.of(first, "vs_x"), "a", 1, Optional.empty(), 0));
      refused(Reason.INVALID, () -> library.search(List.of(first), " ", 1, Optional.empty(), 0));
      refused(Reason.INVALID, () -> library.search(List.of(first), "a", 0, Optional.empty(), 0));
      refused(Reason.INVALID, () -> library.search(List.of(first), "a", 1, Optional.empty(), Double.NaN));
    }
  }

  @Test
  void aDeletedFileLeavesItsStoresAndTheirIndex() throws Exception {
    String id;
    try (DocumentLibrary library = open()) {
      StoredFile one = store(library, "one.txt", "The wombat digs burrows.");
      StoredFile two = store(library, "two.txt", "The wombat eats grass.");
      id = library.createStore(PLAIN, List.of(addition(one), addition(two))).id();
      await(library, id, one.id());
      await(library, id, two.id());
      library.deleteFile(one.id());
      assertThat(library.storeFiles(id)).extracting(StoreFile::fileId).containsExactly(two.id());
      assertThat(names(search(library, id, "wombat"))).containsExactly("two.txt");
      library.removeFile(id, two.id());
      assertThat(search(library, id, "wombat")).isEmpty();
      assertThat(library.file(two.id())).isEqualTo(two);
      refused(Reason.UNKNOWN_ID, () -> library.storeFile(id, two.id()));
    }
    try (DocumentLibrary library = open()) {
      assertThat(library.storeFiles(id)).isEmpty();
      library.deleteStore(id);
      refused(Reason.UNKNOWN_ID, () -> library.store(id));
    }
    assertThat(everything()).filteredOn(path -> path.startsWith("index") || path.startsWith("stores")).isEmpty();
  }

  @Test
  void brokenFilesFailAloneAndSayWhy() throws Exception {
    try (DocumentLibrary library = open()) {
      StoredFile good = store(library, "good.json", "{\"text\": \"good\"}");
      StoredFile pdf = store(library, "broken.pdf", "%PDF-1.7 and then nothing of the kind");
      StoredFile binary = store(library, "binary.txt", new byte[] {1, 0, 2, (byte) 0xFF});
      StoredFile program = store(library, "setup.exe", "MZ\0");
      StoredFile none = store(library, "noending", new byte[] {'M', (byte) 0xFF});
      String id =
          library.createStore(PLAIN, Stream.of(good, pdf, binary, program, none).map(f -> addition(f)).toList()).id();

      assertThat(await(library, id, good.id()).state()).isEqualTo(FileState.COMPLETED);
      for (StoredFile file : List.of(pdf, binary, program, none)) {
        FileError error = await(library, id, file.id()).error().orElseThrow();
        boolean unknown = file == program || file == none;
        assertThat(error.kind()).isEqualTo(unknown ? FileError.Kind.UNSUPPORTED_FILE : FileError.Kind.INVALID_FILE);
        assertThat(error.message()).startsWith(file.filename() + ": ").doesNotContain(folder.toString());
      }
      assertThat(names(search(library, id, "good"))).containsExactly("good.json");
    }
  }

  @Test
  void aBatchIsCountedAndCancelled() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    embedder.beforeDocuments(() -> {
      reading.countDown();
      awaitQuietly(goOn);
    });
    try (DocumentLibrary library = open()) {
      String id = library.createStore(PLAIN, List.of()).id();
      List<StoredFile> files =
          Stream.of("a", "b", "c", "d", "e").map(name -> store(library, name + ".txt", "Text of " + name)).toList();
      FileBatch batch = library.addBatch(id, files.stream().map(file -> addition(file)).toList());
      assertThat(batch.files()).isEqualTo(new FileCounts(5, 0, 0, 0));
      reading.await();
      FileBatch cancelled = library.cancelBatch(id, batch.id());
      goOn.countDown();

      assertThat(cancelled.cancelled()).isTrue();
      assertThat(cancelled.files()).isEqualTo(new FileCounts(0, 0, 0, 5));
      assertThat(library.batchFiles(id, batch.id())).hasSize(5);
      assertThat(library.cancelBatch(id, batch.id()).files()).isEqualTo(cancelled.files());
      // One more goes through the same workers, so those before it are done.
      FileBatch next = library.addBatch(id, List.of(addition(files.getFirst()), addition(files.getLast())));
      await(library, id, files.getFirst().id());
      await(library, id, files.getLast().id());
      assertThat(library.batch(id, next.id()).files()).isEqualTo(new FileCounts(0, 2, 0, 0));
      assertThat(library.batch(id, batch.id()).files()).isEqualTo(new FileCounts(0, 0, 0, 3));
      assertThat(names(search(library, id, "Text"))).containsExactlyInAnyOrder("a.txt", "e.txt");
    }
    try (DocumentLibrary library = open()) {
      assertThat(library.stores().getFirst().files()).isEqualTo(new FileCounts(0, 2, 0, 3));
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new EmbeddingException(EmbeddingException.Reason.INTERRUPTED, "Interrupted.", interrupt);
    }
  }

  @Test
  void whatWasInProgressIsBegunAgain() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    embedder.beforeDocuments(() -> {
      reading.countDown();
      awaitQuietly(never);
    });
    String id;
    StoredFile file;
    try (DocumentLibrary library = open()) {
      file = store(library, "a.txt", "The wombat digs.");
      id = library.createStore(PLAIN, List.of(addition(file))).id();
      reading.await();
      assertThat(library.store(id).files().inProgress()).isEqualTo(1);
    }
    embedder.beforeDocuments(() -> {});
    try (DocumentLibrary library = open()) {
      assertThat(await(library, id, file.id()).state()).isEqualTo(FileState.COMPLETED);
      assertThat(names(search(library, id, "wombat"))).containsExactly("a.txt");
      assertThat(library.store(id).settings()).isEqualTo(PLAIN);
    }
  }

  @Test
  void filesAreReadAgainForAnotherModel() throws Exception {
    String id;
    StoredFile file;
    try (DocumentLibrary library = open()) {
      file = store(library, "a.txt", "The wombat digs.");
      id = library.createStore(PLAIN, List.of(addition(file, Map.of("a", 1L)))).id();
      await(library, id, file.id());
    }
    WordEmbedder other = new WordEmbedder(16);
    try (DocumentLibrary library = DocumentLibrary.open(folder, other.named("others"), LibraryLimits.DEFAULT)) {
      StoreFile entry = await(library, id, file.id());
      assertThat(entry.state()).isEqualTo(FileState.COMPLETED);
      assertThat(entry.addition().attributes()).containsExactly(Map.entry("a", 1L));
      assertThat(names(search(library, id, "wombat"))).containsExactly("a.txt");
    }
  }

  @Test
  void anEmbedderThatIsBusyIsWaitedFor() throws Exception {
    AtomicBoolean busy = new AtomicBoolean(true);
    embedder.beforeDocuments(() -> {
      if (busy.getAndSet(false)) {
        throw new EngineBusyException(1, Duration.ofMillis(1));
      }
    });
    try (DocumentLibrary library = open()) {
      StoredFile file = store(library, "a.txt", "The wombat digs.");
      String id = library.createStore(PLAIN, List.of(addition(file))).id();
      assertThat(await(library, id, file.id()).state()).isEqualTo(FileState.COMPLETED);
    }
  }

  @Test
  void oneServerAtATimeUsesAFolder() {
    try (DocumentLibrary library = open()) {
      assertThat(library.folder()).isEqualTo(folder.toAbsolutePath());
      assertThatExceptionOfType(LibraryException.class)
          .isThrownBy(this::open)
          .withMessageContainingAll("Another server keeps its files in", "--files", "--no-files")
          .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.LOCKED));
      store(library, "a.txt", "still in use");
    }
    open().close();
  }

  @Test
  void filesAndStoresExpire() throws Exception {
    try (DocumentLibrary library = open()) {
      StoredFile forEver = store(library, "ever.txt", "The wombat digs.");
      StoredFile short1;
      try (IncomingFile incoming = library.receive()) {
        incoming.write("The wombat sleeps.".getBytes(UTF_8), 18);
        short1 = incoming.keep("short.txt", "assistants", OptionalLong.of(3_600));
      }
      VectorStore.Settings week = new VectorStore.Settings("", Map.of(), 7);
      String id = library.createStore(week, List.of(addition(forEver), addition(short1))).id();
      await(library, id, forEver.id());
      await(library, id, short1.id());
      assertThat(search(library, id, "wombat")).hasSize(2);
      now.set(now.get().plus(Duration.ofHours(1)));

      assertThat(library.files()).containsExactly(forEver);
      assertThat(names(search(library, id, "wombat"))).containsExactly("ever.txt");
      long active = library.store(id).lastActiveAt();
      assertThat(active).isEqualTo(now.get().getEpochSecond());
      assertThat(library.store(id).expiresAt()).hasValue(active + 7 * 86_400);
      now.set(now.get().plus(Duration.ofDays(7)));

      assertThat(library.store(id).expired()).isTrue();
      refused(Reason.EXPIRED, () -> search(library, id, "wombat"));
      refused(Reason.EXPIRED, () -> library.addFile(id, addition(forEver)));
      library.changeStore(id, before -> new VectorStore.Settings("again", before.metadata(), 0));
      assertThat(library.store(id).expired()).isFalse();
      assertThat(search(library, id, "wombat")).hasSize(1);
    }
  }

  /** The folder of a disk on which nothing can be written any more once it is full. */
  private static final class FullFolder extends LibraryFolder {
    private final AtomicBoolean full;

    FullFolder(Path folder, AtomicBoolean full) {
      super(folder);
      this.full = full;
    }

    @Override
    OutputStream create(Path path) throws IOException {
      OutputStream out = super.create(path);
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
          if (full.get()) {
            out.write(bytes, from, length / 2);
            throw new IOException("No space left on device");
          }
          out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
          out.close();
        }
      };
    }
  }

  @Test
  void aFullDiskIsOneClearErrorAndLosesNothing() throws Exception {
    AtomicBoolean full = new AtomicBoolean();
    String id;
    StoredFile before;
    try (DocumentLibrary library =
        DocumentLibrary.open(new FullFolder(folder, full), embedder.named("words"), LibraryLimits.DEFAULT, clock)) {
      before = store(library, "a.txt", "The wombat digs.");
      id = library.createStore(PLAIN, List.of(addition(before))).id();
      await(library, id, before.id());
      CountDownLatch reading = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      embedder.beforeDocuments(() -> {
        reading.countDown();
        awaitQuietly(goOn);
      });
      StoredFile late = store(library, "late.txt", "The wombat sleeps.");
      library.addFile(id, addition(late));
      reading.await();
      full.set(true);
      goOn.countDown();

      refused(Reason.DISK_FULL, () -> store(library, "b.txt", "more"));
      refused(Reason.DISK_FULL, () -> library.createStore(PLAIN, List.of(addition(before))));
      refused(Reason.DISK_FULL, () -> library.addFile(id, addition(before)));
      refused(Reason.DISK_FULL, () -> library.changeStore(id, settings -> settings));
      assertThat(await(library, id, late.id()).error().orElseThrow().message()).contains("disk is full");
      assertThat(library.files()).hasSize(2);
      assertThat(library.stores()).hasSize(1);
      assertThat(names(search(library, id, "wombat"))).containsExactly("a.txt");
      assertThat(everything()).filteredOn(path -> path.startsWith("incoming")).isEmpty();
      full.set(false);
      store(library, "b.txt", "more");
    }
    embedder.beforeDocuments(() -> {});
    try (DocumentLibrary library = open()) {
      // The disk never heard of the failure.
      for (StoreFile file : library.storeFiles(id)) {
        assertThat(await(library, id, file.fileId()).state()).isEqualTo(FileState.COMPLETED);
      }
      assertThat(names(search(library, id, "wombat"))).containsExactlyInAnyOrder("a.txt", "late.txt");
      assertThat(library.files()).hasSize(3);
    }
  }

  @Test
  void whatAKillLeavesIsRemovedAndWhatIsDamagedIsLeftOut() throws Exception {
    String id;
    StoredFile file;
    try (DocumentLibrary library = open()) {
      file = store(library, "a.txt", "The wombat digs.");
      id = library.createStore(PLAIN, List.of(addition(file))).id();
      await(library, id, file.id());
    }
    String other = "file-0000000000000000000000aa";
    Files.writeString(folder.resolve("incoming/half"), "half an upl");
    Files.writeString(folder.resolve("files").resolve(other), "bytes without what is known of them");
    Files.createDirectories(folder.resolve("stores/vs_0000000000000000000000aa"));
    Files.writeString(folder.resolve("stores/vs_0000000000000000000000aa/" + other + ".json"), "{}");
    Files.copy(
        folder.resolve("stores").resolve(id).resolve(file.id() + ".json"),
        folder.resolve("stores").resolve(id).resolve(other + ".json"));
    Files.writeString(folder.resolve("files/file-0000000000000000000000bb"), "bytes");
    Files.writeString(folder.resolve("files/file-0000000000000000000000bb.json"), "{\"filename\":");
    Files.writeString(folder.resolve("files/notes.txt"), "not ours");

    try (LogRecords log = LogRecords.of(LibraryJson.class);
        DocumentLibrary library = open()) {
      assertThat(log.warnings()).singleElement().asString().contains("file-0000000000000000000000bb is damaged");
      assertThat(library.files()).containsExactly(file);
      assertThat(library.storeFiles(id)).extracting(StoreFile::fileId).containsExactly(file.id());
      assertThat(names(search(library, id, "wombat"))).containsExactly("a.txt");
    }
    assertThat(everything())
        .filteredOn(path -> !path.startsWith("index"))
        .containsExactly(
            "files/file-0000000000000000000000bb",
            "files/file-0000000000000000000000bb.json",
            "files/" + file.id(),
            "files/" + file.id() + ".json",
            "files/notes.txt",
            "lock",
            "stores/" + id + "/" + file.id() + ".json",
            "stores/" + id + "/store.json");
  }

  @Test
  void aClosedLibraryRefusesChanges() {
    DocumentLibrary library = open();
    library.close();
    library.close();
    refused(Reason.CLOSED, () -> library.createStore(PLAIN, List.of()));
  }
}
