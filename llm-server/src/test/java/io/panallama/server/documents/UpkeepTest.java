package io.panallama.server.documents;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.ingest.ChunkConfig;
import io.panallama.server.WordEmbedder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UpkeepTest {
  @TempDir private Path folder;

  private final WordEmbedder embedder = new WordEmbedder(8);
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-30T07:00:00Z"));
  private final Clock clock = ((InstantSource) now::get).withZone(ZoneOffset.UTC);

  private DocumentLibrary open() {
    return DocumentLibrary.open(new LibraryFolder(folder), embedder.named("words"), LibraryLimits.DEFAULT, clock);
  }

  private void pass(Duration time) {
    now.set(now.get().plus(time));
  }

  private static String store(DocumentLibrary library) {
    return library.createStore(new VectorStore.Settings("", Map.of(), 0), List.of()).id();
  }

  private static String begin(DocumentLibrary library, String store, String text) {
    try (IncomingFile incoming = library.receive()) {
      byte[] bytes = text.getBytes(UTF_8);
      incoming.write(bytes, bytes.length);
      String file = incoming.keep("a.txt", "assistants", OptionalLong.empty()).id();
      library.addFile(store, new StoreFile.Addition(file, Map.of(), ChunkConfig.DEFAULT));
      return file;
    }
  }

  /** One file after the other, so that each has a segment of its own. */
  private static void add(DocumentLibrary library, String store, int files) throws InterruptedException {
    for (int i = 0; i < files; i++) {
      String file = begin(library, store, "The wombat digs burrow number " + i + ".");
      while (library.storeFile(store, file).state() == FileState.IN_PROGRESS) {
        Thread.sleep(2);
      }
    }
  }

  /** The segments of a store's index, as they are on the disk: each has one of these files. */
  private int segments(String store) throws IOException {
    int segments = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.resolve("index").resolve(store), "*.si")) {
      for (Path _ : files) {
        segments++;
      }
    }
    return segments;
  }

  private static List<FoundPassage> search(DocumentLibrary library, String store) {
    return library.search(List.of(store), "wombat", 50, Optional.empty(), 0);
  }

  @Test
  void storesAreCompactedOnceNoFileHasBeenReadForAWhile() throws Exception {
    try (DocumentLibrary library = open()) {
      String one = store(library);
      String two = store(library);
      String few = store(library);
      add(library, one, 6);
      add(library, two, 5);
      add(library, few, 2);
      int before = segments(one);
      assertThat(before).isGreaterThanOrEqualTo(Upkeep.MANY_PARTS);

      library.upkeep().round();
      pass(Upkeep.QUIET.minusSeconds(1));
      library.upkeep().round();
      assertThat(segments(one)).as("too early").isEqualTo(before);
      pass(Duration.ofSeconds(1));
      library.upkeep().round();

      assertThat(segments(one)).isEqualTo(1);
      assertThat(segments(two)).isEqualTo(1);
      assertThat(segments(few)).as("two parts cost little").isEqualTo(2);
      assertThat(search(library, one)).hasSize(6);

      // A change makes it due again.
      add(library, one, 5);
      library.upkeep().round();
      assertThat(segments(one)).isEqualTo(6);
      pass(Upkeep.QUIET);
      library.upkeep().round();
      assertThat(segments(one)).isEqualTo(1);
      assertThat(search(library, one)).hasSize(11);
    }
  }

  @Test
  void aFileThatIsReadIsNotDisturbed() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    try (DocumentLibrary library = open()) {
      String scattered = store(library);
      add(library, scattered, 5);
      CountDownLatch reading = new CountDownLatch(1);
      embedder.beforeDocuments(() -> {
        reading.countDown();
        try {
          goOn.await();
        } catch (InterruptedException interrupt) {
          Thread.currentThread().interrupt();
        }
      });
      String other = store(library);
      String file = begin(library, other, "It takes long.");
      reading.await();
      pass(Upkeep.QUIET.multipliedBy(10));
      library.upkeep().round();
      assertThat(segments(scattered)).isEqualTo(5);
      goOn.countDown();
      while (library.storeFile(other, file).state() == FileState.IN_PROGRESS) {
        Thread.sleep(2);
      }
      library.upkeep().round();
      assertThat(segments(scattered)).isEqualTo(5);
      pass(Upkeep.QUIET);
      library.upkeep().round();
      assertThat(segments(scattered)).isEqualTo(1);
    }
  }

  @Test
  void whatAnEarlierProcessLeftIsCompactedOnceItIsSearched() throws Exception {
    String id;
    try (DocumentLibrary library = open()) {
      id = store(library);
      add(library, id, 5);
    }
    try (DocumentLibrary library = open()) {
      pass(Upkeep.QUIET);
      library.upkeep().round();
      assertThat(segments(id)).as("nobody uses it").isEqualTo(5);
      assertThat(search(library, id)).hasSize(5);
      library.upkeep().round();
      assertThat(segments(id)).isEqualTo(1);
      assertThat(search(library, id)).hasSize(5);
    }
  }

  @Test
  void whatIsDeletedOrClosedMeanwhileIsNoTrouble() throws Exception {
    DocumentLibrary library = open();
    String id = store(library);
    add(library, id, 5);
    pass(Upkeep.QUIET);
    library.deleteStore(id);
    library.upkeep().round();
    String other = store(library);
    add(library, other, 5);
    library.close();
    pass(Upkeep.QUIET);
    library.upkeep().round();
    assertThat(segments(other)).isEqualTo(5);
  }
}
