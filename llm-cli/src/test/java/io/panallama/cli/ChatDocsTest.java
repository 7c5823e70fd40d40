package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.models.testkit.TinyOnnx;
import io.panallama.request.ChatRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code panallama chat --docs}. */
@Timeout(120)
class ChatDocsTest {
  @TempDir Path temporary;
  private final FakeInference inference = new FakeInference();
  private Path docs;

  @BeforeEach
  void write() throws IOException {
    docs = Files.createDirectories(temporary.resolve("My Docs/sub")).getParent();
    Files.writeString(docs.resolve("llamas.md"), "# Llamas\n\nA llama hums.\n\n## Wool\n\nIt is warm.\n");
    Files.writeString(docs.resolve("sub/zebra.txt"), "A zebra has stripes.");
    inference.answer = _ -> List.of("It does [", "1].");
  }

  private String[] arguments(String... more) {
    String[] base = {"chat", "--docs", docs.toString(), "--store", temporary.resolve("store").toString()};
    return Stream.of(base, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private CliRun chat(String input, String... more) {
    return CliRun.withInput(
        inference,
        input,
        Stream.of(arguments("--embedding-model", "bert.gguf"), more).flatMap(Stream::of).toArray(String[]::new));
  }

  private List<ChatMessage> messages(int request) {
    return ((ChatRequest) inference.requests.get(request)).messages();
  }

  @Test
  void answersRestOnTheFolderAndNameTheirSources() {
    CliRun run = chat("Does a llama hum?\nIs its wool warm?", "--system", "Be kind.");

    assertThat(run.code()).as(run.err()).isZero();
    List<String> out = run.out().lines().toList();
    assertThat(out.getFirst()).isEqualTo("It does [1].");
    // The vectors mean nothing here, so the order of the others does not either.
    assertThat(out.get(1)).isEqualTo("[1] llamas.md, Llamas");
    assertThat(out.subList(2, 4))
        .extracting(line -> line.replaceFirst("^\\[[23]] ", ""))
        .containsExactlyInAnyOrder("llamas.md, Llamas > Wool", "sub/zebra.txt");
    assertThat(out).hasSize(8);
    assertThat(out.get(4)).isEqualTo("It does [1].");
    assertThat(run.err()).containsPattern("my-docs-[0-9a-f]{8}: 2 added, 0 updated").contains("2 tokens");

    String first = messages(0).get(1).content();
    assertThat(first).contains("[1] llamas.md, Llamas:\n", "A llama hums.").endsWith("Question: Does a llama hum?");
    assertThat(messages(1).subList(0, 3))
        .containsExactly(
            ChatMessage.system("Be kind."),
            ChatMessage.user("Does a llama hum?"),
            ChatMessage.assistant("It does [1]."));
    assertThat(messages(1).get(3).content()).endsWith("Question: Is its wool warm?");
    assertThat(inference.open).isZero();

    CliRun again = chat("Does a llama hum?");
    assertThat(again.err()).contains("0 added, 0 updated, 2 unchanged");
  }

  @Test
  void aCollectionMayBeSharedWithIndexAndSearch() {
    String store = temporary.resolve("store").toString();
    CliRun index = CliRun.of(inference, "index", docs.toString(), "-m", "bert.gguf", "--store", store);
    assertThat(index.code()).as(index.err()).isZero();

    assertThat(chat("Does it hum?", "--collection", "docs").err()).contains("docs: 0 added, 0 updated, 2 unchanged");
  }

  @Test
  void sourcesThatDoNotFitAreLeftOut() throws IOException {
    Files.writeString(docs.resolve("llamas.md"), "# Llamas\n\n" + "A llama hums, and it hums. ".repeat(40));

    CliRun run = chat("Does a llama hum?");

    assertThat(run.code()).as(run.err()).isZero();
    // A token is a character here, and the context of 1024 keeps a quarter for the answer.
    assertThat(messages(0).getLast().content().length()).isLessThan(1024 - 256);
  }

  @Test
  void anEmptyFolderIsSaid() throws IOException {
    Path empty = Files.createDirectories(temporary.resolve("empty"));

    CliRun run =
        CliRun.withInput(
            inference,
            "Does it hum?",
            "chat",
            "--docs",
            empty.toString(),
            "--embedding-model",
            "bert.gguf",
            "--store",
            temporary.resolve("store").toString());

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).isEqualTo("It does [1].%n".formatted());
    assertThat(run.err()).contains("No passage of the folder went with the question.");
    assertThat(messages(0)).containsExactly(ChatMessage.user("Does it hum?"));
  }

  @Test
  void ctrlCEndsTheIndexing() {
    CliRun run = CliRun.withSignal(inference, "Does it hum?", arguments("--embedding-model", "bert.gguf"));

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(run.err()).containsPattern(": interrupted while the files were listed; nothing was changed");
    assertThat(inference.requests).isEmpty();
    assertThat(inference.open).isZero();
  }

  @Test
  void aFolderThatIsNoneLoadsNothing() {
    CliRun run = CliRun.of(inference, "chat", "--docs", docs.resolve("llamas.md").toString());

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("which is no folder");
    assertThat(inference.files).isEmpty();
  }

  /** On llama.cpp itself: the demo model, and an embedding model that was made for the test. */
  @Test
  void itWorksWithRealModels() throws IOException {
    Path onnx = TinyOnnx.create().write(temporary.resolve("tiny.onnx"));
    TinyOnnx.writeTokenizer(temporary.resolve("tokenizer.json"));
    String embedder = temporary.resolve("tiny.gguf").toString();
    CliRun imported = CliRun.of(inference, "import", "onnx", onnx.toString(), "-o", embedder);
    assertThat(imported.code()).as(imported.err()).isZero();

    CliRun run =
        CliRun.withInput(
            new CoreInference(),
            "Does a llama hum?",
            arguments("--embedding-model", embedder, "--backend", "cpu", "-n", "16"));

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines()).anyMatch(line -> line.matches("\\[[123]] llamas\\.md, Llamas"));
    assertThat(run.err()).contains("2 added", "tokens/s");
  }
}
