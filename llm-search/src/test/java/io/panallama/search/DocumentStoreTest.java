package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentStoreTest {
  private static final CollectionEmbedder WORDS = WordEmbedder.named("words", 16);

  @TempDir Path folder;

  private static void assertFails(Reason reason, String message, ThrowingCallable call) {
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(call)
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(reason))
        .withMessageContaining(message);
  }

  private static List<String> ids(DocumentCollection collection) {
    return collection.documents().stream().map(DocumentSummary::id).sorted().toList();
  }

  @Test
  void collectionsAreMadeListedAndDropped() {
    try (DocumentStore store = DocumentStore.open(folder.resolve("deep/store"))) {
      assertThat(store.list()).isEmpty();
      store.create("b", WORDS).upsert(Document.of("x", "text"));
      store.create("a", WORDS);
      assertThat(store.list()).containsExactly("a", "b");
      assertThat(store.model("a")).isEqualTo("words");
      assertThat(store.info("b").documents()).isEqualTo(1);
      assertThat(store.open("b", WORDS)).isSameAs(store.open("b", WORDS));

      store.drop("b");
      assertThat(store.list()).containsExactly("a");
      assertThat(store.folder().resolve("b")).doesNotExist();
      assertThat(ids(store.create("b", WORDS))).isEmpty();

      assertFails(Reason.COLLECTION_EXISTS, "collection a in", () -> store.create("a", WORDS));
      assertFails(Reason.UNKNOWN_COLLECTION, "there are a, b.", () -> store.open("c", WORDS));
      assertFails(Reason.UNKNOWN_COLLECTION, "no collection c", () -> store.drop("c"));
      assertFails(Reason.INVALID_NAME, "'../a'", () -> store.create("../a", WORDS));
    }
  }

  @Test
  void aCollectionOpensWithItsModelOnly() {
    try (DocumentStore store = DocumentStore.open(folder)) {
      store.create("docs", WORDS);
    }
    try (DocumentStore store = DocumentStore.open(folder)) {
      assertFails(
          Reason.OTHER_MODEL,
          "made with the embedding model words (16 dimensions), not with other (16)",
          () -> store.open("docs", WordEmbedder.named("other", 16)));
      assertFails(
          Reason.OTHER_MODEL, "not with words (8)", () -> store.openOrCreate("docs", WordEmbedder.named("words", 8)));
      assertThat(store.openOrCreate("docs", WORDS).name()).isEqualTo("docs");
    }
  }

  @Test
  void documentsAreThereAfterClosing() {
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.create("docs", WORDS);
      docs.upsert(Document.of("a", "text").withMetadata(Map.of("n", 1)));
    }
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.open("docs", WORDS);
      assertThat(ids(docs)).containsExactly("a");
      docs.upsert(Document.of("b", "more text"));
      assertThat(ids(docs)).containsExactly("a", "b");
    }
  }

  @Test
  void vectorsMayHaveThousandsOfDimensions() {
    CollectionEmbedder wide = WordEmbedder.named("wide", 4096);
    try (DocumentStore store = DocumentStore.open(folder)) {
      store.create("docs", wide).upsert(Document.of("a", "a wide vector"));
    }
    try (DocumentStore store = DocumentStore.open(folder)) {
      SearchRequest request = SearchRequest.builder().mode(SearchMode.VECTOR).text("wide").build();
      assertThat(store.open("docs", wide).search(request)).hasSize(1);
    }
  }

  /** A second store stands for a second process: the lock is the same file. */
  @Test
  void oneWritesWhileOthersSearch() {
    try (DocumentStore first = DocumentStore.open(folder);
        DocumentStore second = DocumentStore.open(folder)) {
      DocumentCollection writing = first.create("docs", WORDS);
      writing.upsert(Document.of("a", "text"));
      DocumentCollection reading = second.open("docs", WORDS);
      assertThat(ids(reading)).containsExactly("a");
      writing.upsert(Document.of("b", "text"));
      assertThat(ids(reading)).containsExactly("a", "b");

      assertFails(Reason.LOCKED, "being written by another", () -> reading.upsert(Document.of("c", "text")));
      assertFails(Reason.LOCKED, "being written by another", () -> reading.snapshot(folder.resolve("copy")));
      assertFails(Reason.LOCKED, "being written by another", () -> second.drop("docs"));
      writing.close();
      DocumentCollection after = second.open("docs", WORDS);
      after.delete(List.of("a"));
      assertThat(ids(after)).containsExactly("b");
    }
  }

  @Test
  void aSnapshotIsRestoredUnderAnyName() {
    Path copy = folder.resolve("copy");
    try (DocumentStore store = DocumentStore.open(folder.resolve("store"))) {
      DocumentCollection docs = store.create("docs", WORDS);
      docs.upsert(List.of(Document.of("a", "red"), Document.of("b", "blue")));
      docs.snapshot(copy);
      docs.delete(List.of("a"));
      assertFails(Reason.STORAGE, "is not empty", () -> docs.snapshot(copy));

      store.restore("restored", copy);
      assertThat(ids(store.open("restored", WORDS))).containsExactly("a", "b");
      assertThat(store.open("restored", WORDS).search(SearchRequest.of("red")).getFirst().document()).isEqualTo("a");
      assertThat(ids(docs)).containsExactly("b");
      assertFails(Reason.COLLECTION_EXISTS, "collection docs in", () -> store.restore("docs", copy));
      assertFails(Reason.CORRUPTED, "damaged", () -> store.restore("other", folder.resolve("store")));
    }
  }

  @Test
  void damageIsSeen() throws IOException {
    Path copy = folder.resolve("copy");
    try (DocumentStore store = DocumentStore.open(folder.resolve("store"))) {
      DocumentCollection docs = store.create("docs", WORDS);
      docs.upsert(Document.of("a", "red"));
      docs.snapshot(copy);
    }
    for (Path file : files(copy)) {
      byte[] bytes = Files.readAllBytes(file);
      byte[] damaged = bytes.clone();
      damaged[bytes.length / 2] ^= 4;
      Files.write(file, damaged);
      try (DocumentStore store = DocumentStore.open(folder.resolve("store"))) {
        assertFails(Reason.CORRUPTED, "as it was written; use another", () -> store.restore("restored", copy));
        assertThat(store.list()).containsExactly("docs");
      }
      Files.write(file, bytes);
    }

    Path collection = folder.resolve("store/docs");
    for (Path file : files(collection)) {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, List.of());
      try (DocumentStore store = DocumentStore.open(folder.resolve("store"))) {
        assertThatExceptionOfType(SearchException.class)
            .isThrownBy(() -> store.open("docs", WORDS))
            .satisfies(failure -> assertThat(failure.reason()).isEqualTo(Reason.CORRUPTED))
            .withMessageStartingWith("Collection docs in")
            .withMessageEndingWith(
                " is damaged: a file is missing, or is not as it was written; restore a snapshot of it, or drop the"
                    + " collection and index the documents again.")
            .satisfies(failure -> assertThat(failure.getCause()).isInstanceOf(IOException.class));
      }
      Files.write(file, bytes);
    }
    try (DocumentStore store = DocumentStore.open(folder.resolve("store"))) {
      assertThat(ids(store.open("docs", WORDS))).containsExactly("a");
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.endsWith("write.lock")).sorted().toList();
    }
  }

  @Test
  void useAfterCloseIsAnError() {
    DocumentStore store = DocumentStore.open(folder);
    DocumentCollection docs = store.create("docs", WORDS);
    store.close();
    store.close();
    docs.close();
    assertThatIllegalStateException().isThrownBy(store::list);
    assertThatIllegalStateException().isThrownBy(() -> docs.upsert(Document.of("a", "text")));
    assertThatIllegalStateException().isThrownBy(docs::documents);
  }

  @Test
  void aFileIsNoStore() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "text");
    assertFails(Reason.STORAGE, "can't be made", () -> DocumentStore.open(file));
  }
}
