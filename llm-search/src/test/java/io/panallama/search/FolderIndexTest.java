package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.error.EmbeddingException;
import io.panallama.error.InvalidRequestException;
import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.ingest.IndexListener;
import io.panallama.search.ingest.IndexProgress;
import io.panallama.search.ingest.IndexReport;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class FolderIndexTest {
  @TempDir Path temporary;
  private final DocumentReader reader = new DocumentReader();
  private final List<String> failures = new ArrayList<>();
  private Path folder;
  private DocumentStore store;
  private DocumentCollection docs;

  private final IndexListener listener =
      new IndexListener() {
        @Override
        public void failed(Path file, String message) {
          failures.add(message);
        }
      };

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectories(temporary.toRealPath().resolve("files"));
    store = DocumentStore.open(temporary.resolve("store"));
    docs = store.create("docs", WordEmbedder.named("words", 16));
  }

  @AfterEach
  void close() {
    store.close();
    reader.close();
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private IndexReport update() {
    return new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, listener);
  }

  private List<String> paths() {
    return docs.documents().stream()
        .map(each -> String.valueOf(each.metadata().get(FolderIndex.PATH)))
        .sorted()
        .toList();
  }

  @Test
  void anUpdateMakesTheCollectionEqualToTheFolder() throws IOException {
    write("a.md", "# A\n\nAlpha.");
    write("b/c", "Gamma.");
    write("b/.hidden/d.txt", "Hidden.");
    write(".e.txt", "Hidden.");
    write("f.bin", "Of another\0kind.");
    docs.upsert(Document.of("other", "Not of this folder."));

    assertThat(update()).isEqualTo(new IndexReport(2, 0, 0, 0, 0, 1, true));
    assertThat(paths()).containsExactly("a.md", "b/c", "null");
    Passage alpha = Retriever.of(docs).withMode(SearchMode.BM25).retrieve("alpha").getFirst();
    assertThat(alpha.document()).isEqualTo(folder.resolve("a.md").toString());
    assertThat(alpha.headings()).containsExactly("A");

    write("a.md", "# A\n\nOmega.");
    Files.delete(folder.resolve("b/c"));
    write("g.txt", "New.");
    assertThat(update()).isEqualTo(new IndexReport(1, 1, 0, 1, 0, 1, true));
    assertThat(paths()).containsExactly("a.md", "g.txt", "null");
    assertThat(Retriever.of(docs).withMode(SearchMode.BM25).retrieve("alpha gamma")).isEmpty();
    assertThat(update()).isEqualTo(new IndexReport(0, 0, 2, 0, 0, 1, true));
    assertThat(failures).isEmpty();
  }

  @Test
  void foldersInsideEachOtherShareTheirFiles() throws IOException {
    write("a.txt", "Alpha.");
    write("inner/b.txt", "Beta.");
    FolderIndex index = new FolderIndex(docs, reader, ChunkConfig.DEFAULT);
    assertThat(index.update(folder, listener)).isEqualTo(new IndexReport(2, 0, 0, 0, 0, 0, true));
    assertThat(index.update(folder.resolve("inner"), listener)).isEqualTo(new IndexReport(0, 0, 1, 0, 0, 0, true));
    Files.delete(folder.resolve("inner/b.txt"));
    assertThat(index.update(folder, listener)).isEqualTo(new IndexReport(0, 0, 1, 1, 0, 0, true));
    assertThat(paths()).containsExactly("a.txt");
  }

  /** A second store stands for a second process: the lock is the same file. */
  @Test
  void oneUpdateAtATime() throws IOException {
    write("a.txt", "Alpha.");
    List<SearchException.Reason> refusals = new ArrayList<>();
    IndexListener inBetween =
        new IndexListener() {
          @Override
          public boolean progress(IndexProgress progress) {
            try (DocumentStore other = DocumentStore.open(temporary.resolve("store"))) {
              DocumentCollection same = other.open("docs", WordEmbedder.named("words", 16));
              new FolderIndex(same, reader, ChunkConfig.DEFAULT).update(folder, listener);
            } catch (SearchException refused) {
              refusals.add(refused.reason());
            }
            return true;
          }
        };
    IndexReport report = new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, inBetween);
    assertThat(report).isEqualTo(new IndexReport(1, 0, 0, 0, 0, 0, true));
    assertThat(refusals).containsExactly(SearchException.Reason.LOCKED);
    assertThat(docs.info().passages()).isEqualTo(1);
  }

  @Test
  void aFileIsNoFolder() throws IOException {
    write("a.txt", "Alpha.");
    FolderIndex index = new FolderIndex(docs, reader, ChunkConfig.DEFAULT);
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(() -> index.update(folder.resolve("a.txt"), listener))
        .withMessageContaining("it is a file");
  }

  @Test
  void brokenFilesFailByThemselves() throws IOException {
    write("a.txt", "Alpha.");
    write("b.pdf", "This is no PDF file.");
    write("c.txt", " ");
    assertThat(update()).isEqualTo(new IndexReport(1, 0, 0, 0, 2, 0, true));
    assertThat(failures).hasSize(2);
    assertThat(failures.getFirst()).startsWith(folder.resolve("b.pdf") + ": it is no PDF file");
    assertThat(failures.getLast()).isEqualTo(folder.resolve("c.txt") + ": it has no text.");

    // What was stored of a file stays while the file is broken.
    Files.write(folder.resolve("a.txt"), new byte[] {(byte) 0xFF});
    assertThat(update().failed()).isEqualTo(3);
    assertThat(paths()).containsExactly("a.txt");
  }

  /** A path by its bytes, whatever the locale. */
  private Path bytes(String escaped) {
    return Path.of(URI.create(folder.toUri() + escaped));
  }

  /** A file system of Linux takes any bytes as a name; in UTF-8, these two look the same to Java. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void namesThatAreNoTextAreToldApart() throws IOException {
    Path first = bytes("M%FCller.txt");
    Path second = bytes("M%F6ller.txt");
    Files.createDirectories(bytes("%FF"));
    assertThat(first).hasToString(second.toString());
    Files.writeString(first, "Alpha.");
    Files.writeString(second, "Beta.");
    Files.writeString(bytes("%FF/%C3%BC.md"), "# Gamma\n\nText.");
    write("a.txt", "Omega.");
    Files.writeString(bytes("u%CC%88.txt"), "Decomposed.");
    Files.writeString(bytes("%C3%BC.txt"), "Composed.");
    Files.writeString(bytes("%EF%BF%BD.txt"), "Replaced.");
    assertThat(update()).isEqualTo(new IndexReport(7, 0, 0, 0, 0, 0, true));
    assertThat(paths())
        .containsExactly(
            "%FF/%C3%BC.md", "M%F6ller.txt", "M%FCller.txt", "a.txt", "u\u0308.txt", "\u00fc.txt", "\uFFFD.txt");
    Passage found = Retriever.of(docs).withMode(SearchMode.BM25).retrieve("alpha").getFirst();
    assertThat(found.document()).isEqualTo(folder.toUri() + "M%FCller.txt");
    assertThat(found.title()).isEqualTo("M%FCller.txt");

    Files.delete(first);
    Files.write(second, new byte[] {(byte) 0xFF});
    assertThat(update()).isEqualTo(new IndexReport(0, 0, 5, 1, 1, 0, true));
    assertThat(failures).containsExactly(folder.toUri() + "M%F6ller.txt: it is not text in UTF-8 or UTF-16.");
  }

  /** The process of PDF files is told a path as text. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aPdfFileMayHaveANameThatIsNoText() throws IOException {
    Path file = bytes("M%FCller.pdf");
    try (PDDocument document = new PDDocument()) {
      PDPage page = new PDPage();
      document.addPage(page);
      try (PDPageContentStream content = new PDPageContentStream(document, page)) {
        content.beginText();
        content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
        content.showText("Alpha");
        content.endText();
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      document.save(bytes);
      Files.write(file, bytes.toByteArray());
    }
    assertThat(update()).isEqualTo(new IndexReport(1, 0, 0, 0, 0, 0, true));
    assertThat(docs.passages(folder.toUri() + "M%FCller.pdf"))
        .singleElement()
        .satisfies(passage -> assertThat(passage.text()).isEqualTo("Alpha"));
  }

  @Test
  void aTextThatTheModelRefusesFailsByItself() throws IOException {
    WordEmbedder words = new WordEmbedder(16);
    CollectionEmbedder picky =
        new CollectionEmbedder(
            "picky",
            words,
            text -> {
              if (text.contains("unknown")) {
                throw new InvalidRequestException("text", "A word is unknown.");
              }
              return text.length();
            });
    docs = store.create("picky", picky);
    write("a.txt", "Alpha.");
    write("b.txt", "unknown");
    write("c.txt", "Gamma.");
    assertThat(update()).isEqualTo(new IndexReport(2, 0, 0, 0, 1, 0, true));
    assertThat(failures).containsExactly(folder.resolve("b.txt") + ": A word is unknown.");
  }

  @Test
  void whoStopsKeepsWhatIsDone() throws IOException {
    for (int i = 0; i < 5; i++) {
      write(i + ".txt", "Number " + i + ".");
    }
    List<IndexProgress> seen = new ArrayList<>();
    IndexListener stopping =
        new IndexListener() {
          @Override
          public boolean progress(IndexProgress progress) {
            seen.add(progress);
            return progress.done() < 3;
          }
        };
    IndexReport report = new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, stopping);
    assertThat(report).isEqualTo(new IndexReport(3, 0, 0, 0, 0, 0, false));
    assertThat(seen.getLast()).isEqualTo(new IndexProgress(3, 5, folder.resolve("3.txt")));
    assertThat(docs.documents())
        .extracting(DocumentSummary::title)
        .containsExactlyInAnyOrder("0.txt", "1.txt", "2.txt");
    assertThat(update()).isEqualTo(new IndexReport(2, 0, 3, 0, 0, 0, true));
  }

  /** The second call of the embedder is slow; what is interrupted of it is not stored. */
  @Test
  void aStopWhileTextsAreEmbeddedLeavesTheFilesInHand() throws IOException {
    write("a.txt", "Old.");
    write("b.txt", "Old.");
    assertThat(update()).isEqualTo(new IndexReport(2, 0, 0, 0, 0, 0, true));
    write("a.txt", "Alpha. ".repeat(6_000));
    write("b.txt", "Beta. ".repeat(6_000));
    WordEmbedder words = new WordEmbedder(16);
    CountDownLatch embedding = new CountDownLatch(1);
    AtomicInteger calls = new AtomicInteger();
    WordEmbedder slow =
        new WordEmbedder(16) {
          @Override
          public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
            if (texts.getFirst().contains("Alpha")) {
              return super.embed(texts, options);
            }
            calls.incrementAndGet();
            embedding.countDown();
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException interrupt) {
              Thread.currentThread().interrupt();
            }
            throw new IllegalStateException("Interrupted.");
          }
        };
    docs.close();
    docs = store.open("docs", new CollectionEmbedder("words", slow, WordEmbedder.named("words", 16).tokens()));
    IndexListener stopping =
        new IndexListener() {
          @Override
          public boolean isStopped() {
            return embedding.getCount() == 0;
          }
        };
    IndexReport report = new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, stopping);
    assertThat(report).isEqualTo(new IndexReport(0, 1, 0, 0, 0, 0, false));
    assertThat(calls).hasValue(1);
    assertThat(docs.passages(folder.resolve("b.txt").toString()))
        .singleElement()
        .satisfies(passage -> assertThat(passage.text()).isEqualTo("Old."));
    docs.close();
    docs = store.open("docs", new CollectionEmbedder("words", words, WordEmbedder.named("words", 16).tokens()));
    assertThat(update()).isEqualTo(new IndexReport(0, 1, 1, 0, 0, 0, true));
  }

  @Test
  void aStopBeforeTheFirstFileStoresNothing() throws IOException {
    write("a.txt", "Alpha.");
    IndexListener stopped =
        new IndexListener() {
          @Override
          public boolean isStopped() {
            return true;
          }
        };
    IndexReport report = new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, stopped);
    assertThat(report).isEqualTo(new IndexReport(0, 0, 0, 0, 0, 0, false));
    assertThat(docs.documents()).isEmpty();
  }

  @Test
  void anInterruptEndsAnUpdate() throws IOException {
    write("a.txt", "Alpha.");
    FolderIndex index = new FolderIndex(docs, reader, ChunkConfig.DEFAULT);
    Thread.currentThread().interrupt();
    try {
      assertThatExceptionOfType(SearchException.class)
          .isThrownBy(() -> index.update(folder, listener))
          .satisfies(failure -> assertThat(failure.reason()).isEqualTo(SearchException.Reason.INTERRUPTED));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(update()).isEqualTo(new IndexReport(1, 0, 0, 0, 0, 0, true));
    assertThat(failures).isEmpty();
  }

  /** An embedder's own process dies of a text that kills it twice; no other file is to suffer for that. */
  @Test
  void aTextThatKillsTheEmbedderFailsByItself() throws IOException {
    WordEmbedder deadly =
        new WordEmbedder(16) {
          @Override
          public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
            if (texts.stream().anyMatch(text -> text.contains("deadly"))) {
              throw new EmbeddingException(EmbeddingException.Reason.ENGINE_KILLED, "A text kills.", null);
            }
            return super.embed(texts, options);
          }
        };
    docs = store.create("deadly", new CollectionEmbedder("deadly", deadly, String::length));
    write("a.txt", "Alpha.");
    write("b.txt", "deadly");
    write("c.txt", "Gamma.");
    assertThat(update()).isEqualTo(new IndexReport(2, 0, 0, 0, 1, 0, true));
    assertThat(failures).containsExactly(folder.resolve("b.txt") + ": A text kills.");
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    assertThatExceptionOfType(SearchException.class)
        .isThrownBy(() -> new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder.resolve("none"), listener))
        .withMessageContaining("there is no such folder");
  }
}
