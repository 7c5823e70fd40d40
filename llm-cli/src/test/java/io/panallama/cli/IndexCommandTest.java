package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentStore;
import io.panallama.search.document.Document;
import io.panallama.search.document.Section;
import io.panallama.search.document.VectorDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code panallama index} and {@code panallama search}. */
class IndexCommandTest {
  @TempDir Path temporary;
  private final FakeInference inference = new FakeInference();
  private Path docs;

  @BeforeEach
  void write() throws IOException {
    docs = Files.createDirectories(temporary.resolve("docs/sub")).getParent();
    Files.writeString(docs.resolve("llamas.md"), "# Llamas\n\nA llama hums.\n\n## Wool\n\nIt is warm.\n");
    Files.writeString(docs.resolve("sub/zebra.txt"), "A zebra has stripes.");
    Files.writeString(docs.resolve("picture.png"), "no\0text");
  }

  private CliRun run(String... arguments) {
    String[] store = {"--store", temporary.resolve("store").toString()};
    return CliRun.of(inference, Stream.of(arguments, store).flatMap(Stream::of).toArray(String[]::new));
  }

  private CliRun index(String... more) {
    String[] base = {"index", docs.toString(), "-m", "bert.gguf"};
    return run(Stream.of(base, more).flatMap(Stream::of).toArray(String[]::new));
  }

  @Test
  void aFolderIsIndexedOnceAndThenWhatChanges() throws IOException {
    CliRun first = index();
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out())
        .isEqualTo(
            "docs: 2 added, 0 updated, 0 unchanged, 0 removed, 0 failed, 1 of other kinds" + System.lineSeparator());
    assertThat(first.err()).isEmpty();
    assertThat(inference.open).isZero();

    Files.writeString(docs.resolve("llamas.md"), "# Llamas\n\nA llama spits.\n");
    Files.delete(docs.resolve("sub/zebra.txt"));
    Files.write(docs.resolve("broken.txt"), new byte[] {(byte) 0xFF, 0, 1});
    CliRun second = index();
    assertThat(second.code()).isEqualTo(1);
    assertThat(second.out()).contains("0 added, 1 updated, 0 unchanged, 1 removed, 1 failed");
    assertThat(second.err().lines())
        .singleElement()
        .asString()
        .contains("broken.txt: it is not text in UTF-8")
        .startsWith("panallama: ");

    assertThat(index("--chunk-tokens", "128").out()).contains("1 updated");
    assertThat(index("--chunk-tokens", "128").out()).contains("1 unchanged");
    assertThat(run("index", "--list").out()).matches("(?s)docs +1 documents +1 passages .* bert\\R");
    assertThat(run("index", "--drop", "docs").code()).isZero();
    assertThat(run("index", "--list").out()).isEmpty();
  }

  @Test
  void passagesAreFound() throws IOException {
    index();
    CliRun text = run("search", "striped", "zebra", "--mode", "bm25");
    assertThat(text.code()).as(text.err()).isZero();
    assertThat(text.out().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("1. " + docs.toRealPath().resolve("sub").resolve("zebra.txt"));
    // Words need no model: the two of indexing are all that was loaded.
    assertThat(inference.files).hasSize(1);

    List<JsonNode> lines = new ArrayList<>();
    for (String line : run("search", "wool", "--json", "-k", "2", "-m", "bert.gguf").out().lines().toList()) {
      lines.add(new ObjectMapper().readTree(line));
    }
    assertThat(lines).hasSize(2);
    JsonNode first = lines.getFirst();
    assertThat(first.path("title").asText()).isEqualTo("Llamas");
    assertThat(first.path("headings").toString()).isEqualTo("[\"Llamas\",\"Wool\"]");
    assertThat(first.path("bm25_rank").asInt()).isEqualTo(1);
    assertThat(first.path("cosine").isNumber()).isTrue();
    assertThat(first.path("metadata").path("path").asText()).isEqualTo("llamas.md");
    String source = Files.readString(docs.resolve("llamas.md"));
    assertThat(source.substring(first.path("start").asInt(), first.path("end").asInt()))
        .isEqualTo(first.path("text").asText())
        .isEqualTo("## Wool\n\nIt is warm.");
  }

  @Test
  void nothingIsFoundWhereNothingIs() {
    index();
    CliRun run = run("search", "quantum", "--mode", "bm25");
    assertThat(run.code()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("Nothing was found.");
  }

  @Test
  void aPassageOnTwoPagesNamesBoth() {
    index();
    try (DocumentStore store = DocumentStore.open(temporary.resolve("store"))) {
      String text = "Quantum. More of it.";
      store
          .open("docs")
          .upsertVectors(List.of(new VectorDocument(Document.of("one", "Only quantum."), new float[] {1, 0})));
      CollectionEmbedder embedder =
          new CollectionEmbedder(
              "bert",
              inference
                  .startEmbedder(Path.of("bert.gguf"), ModelConfig.defaults(), EmbedderConfig.defaults())
                  .embedder(),
              String::length);
      store
          .open("docs", embedder)
          .upsert(
              new Document(
                  "two", "", text, List.of(new Section(0, List.of(), 3), new Section(9, List.of(), 4)), Map.of()));
    }
    CliRun run = run("search", "quantum", "--mode", "bm25");
    assertThat(run.out()).contains("two (pages 3-4)  [").contains("one  [");
    assertThat(run("search", "quantum", "--mode", "bm25", "--json").out()).contains("\"first_page\":3,\"last_page\":4");
  }

  @Test
  void aRerankingModelSortsInTheEnd() throws IOException {
    index();
    // The scores are the lengths.
    CliRun run =
        run("search", "zebra", "--json", "--mode", "hybrid", "-m", "bert.gguf", "--reranking-model", "bge.gguf");
    assertThat(run.code()).as(run.err()).isZero();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      lines.add(new ObjectMapper().readTree(line));
    }
    assertThat(lines).extracting(line -> line.path("reranking_score").asInt()).containsExactly(23, 20, 20);
    assertThat(lines.getFirst().path("score").asInt()).isEqualTo(23);
    assertThat(lines.getFirst().path("text").asText()).isEqualTo("# Llamas\n\nA llama hums.");
    assertThat(inference.files).endsWith(Path.of("bge.gguf"), Path.of("bert.gguf"));
    assertThat(inference.open).isZero();
  }

  @Test
  void aQueryComesFromStandardInput() {
    index();
    CliRun run =
        CliRun.withInput(
            inference, "zebra\n", "search", "-", "--mode", "bm25", "--store", temporary.resolve("store").toString());
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("A zebra has stripes.");
  }

  @Test
  void aCollectionThatIsBeingIndexedIsLocked() {
    index();
    try (DocumentStore store = DocumentStore.open(temporary.resolve("store"))) {
      store.open("docs").delete(List.of("none"));
      CliRun second = index();
      assertThat(second.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(second.out()).isEmpty();
      assertThat(second.err())
          .startsWith("panallama: Collection docs in ")
          .contains("is being written by another process")
          .hasLineCount(1);
    }
    assertThat(index().out()).contains("2 unchanged");
  }

  @Test
  void aDamagedCollectionSaysWhatToDo() throws IOException {
    index();
    try (Stream<Path> files = Files.list(temporary.resolve("store/docs"))) {
      for (Path file : files.filter(each -> each.getFileName().toString().startsWith("segments")).toList()) {
        Files.write(file, new byte[] {1, 2, 3});
      }
    }
    CliRun damaged = run("search", "zebra", "--mode", "bm25");
    assertThat(damaged.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(damaged.err())
        .contains("is damaged: a file is missing, or is not as it was written; restore a snapshot of it, or drop the")
        .contains("panallama index --drop NAME drops a collection.")
        .doesNotContain("lucene")
        .doesNotContain("resource=")
        .hasLineCount(1);
    assertThat(run("index", "--drop", "docs").code()).isZero();
    assertThat(index().out()).contains("2 added");
  }

  @Test
  void ctrlCKeepsWhatIsThere() {
    CliRun run =
        CliRun.withSignal(
            inference,
            "",
            "index",
            docs.toString(),
            "-m",
            "bert.gguf",
            "--store",
            temporary.resolve("store").toString());
    assertThat(run.code()).isEqualTo(130);
    assertThat(run.out())
        .isEqualTo("docs: interrupted while the files were listed; nothing was changed." + System.lineSeparator());
    assertThat(index().out()).contains("2 added");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "index | A folder is needed",
        "index nowhere -m a.gguf | nowhere can't be read: there is no such folder",
        "index . -m a.gguf --collection ../up | is no name of a collection",
        "index . -m a.gguf --chunk-tokens 3 | --chunk-tokens is 3; it must be 8 or more",
        "index . -m a.gguf --chunk-overlap 200 | --chunk-overlap is 200; it must be 0 to 128",
        "index --list --drop gone | A folder, --list and --drop are three different commands; give one of them.",
        "index . --list | A folder, --list and --drop are three different commands",
        "index --drop gone | There is no collection gone",
        "search x --collection gone | There is no collection gone",
        "search x --collection gone | panallama index FOLDER makes one",
        "search x --mode fuzzy | is none of vector, bm25, hybrid",
        "search x -k 0 | panallama: -k is 0; it must be 1 to 10000.",
        "search x --limit 0 | panallama: --limit is 0; it must be 1 to 10000.",
      })
  void whatIsWrongIsNamed(String line, String message) {
    CliRun run = run(line.split(" "));
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(inference.open).isZero();
  }

  @Test
  void anotherModelIsRefused() {
    index();
    CliRun other = run("search", "x", "-m", "other.gguf");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("made with the embedding model bert (2 dimensions), not with other (2)");
    CliRun unnamed = run("search", "x");
    assertThat(unnamed.code()).isEqualTo(2);
    assertThat(unnamed.err()).contains("made with the embedding model bert; -m FILE says where it is");
  }
}
