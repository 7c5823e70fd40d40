package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbedCommandTest {
  private final FakeInference inference = new FakeInference();

  private static List<JsonNode> lines(CliRun run) throws Exception {
    List<JsonNode> all = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      all.add(new ObjectMapper().readTree(line));
    }
    return all;
  }

  @Test
  void eachArgumentIsALine() throws Exception {
    CliRun run = CliRun.of(inference, "embed", "-m", "bert.gguf", "one", "three");

    assertThat(run.code()).as(run.err()).isZero();
    List<JsonNode> lines = lines(run);
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst().path("text").asText()).isEqualTo("one");
    assertThat(lines.getFirst().path("tokens").asInt()).isEqualTo(5);
    assertThat(lines.getFirst().path("latency_ms").isNumber()).isTrue();
    assertThat(lines.getFirst().has("truncated")).isFalse();
    assertThat(lines.getLast().path("embedding").toString()).isEqualTo("[5.0,0.5]");
    assertThat(inference.files).containsExactly(Path.of("bert.gguf"));
    assertThat(inference.embedderConfigs).containsExactly(EmbedderConfig.defaults());
    assertThat(inference.embeddingOptions).containsExactly(EmbeddingOptions.defaults());
    assertThat(inference.open).isZero();
  }

  @Test
  void linesOfStandardInputAreComputedTogether() throws Exception {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      input.append("x".repeat(i % 7 + 1)).append(i == 7 ? FakeInference.CUT : "").append('\n');
    }
    CliRun run = CliRun.withInput(inference, input.toString(), "embed", "-m", "bert.gguf");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(lines(run)).hasSize(300);
    assertThat(lines(run).get(6).path("embedding").get(0).asInt()).isEqualTo(7);
    assertThat(lines(run).get(7).path("truncated").asBoolean()).isTrue();
    assertThat(inference.embedded).extracting(List::size).containsExactly(256, 44);
  }

  /** A pipe whose writer waits before each part, as a person or another program does. */
  private static final class SlowPipe extends InputStream {
    private final Deque<byte[]> parts = new ArrayDeque<>();
    private final Runnable waiting;
    private byte[] part = new byte[0];
    private int at;

    SlowPipe(Runnable waiting, String... parts) {
      this.waiting = waiting;
      Stream.of(parts).map(text -> text.getBytes(StandardCharsets.UTF_8)).forEach(this.parts::add);
    }

    @Override
    public int available() {
      return part.length - at;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("Blocks are read, not single bytes.");
    }

    @Override
    public int read(byte[] into, int from, int most) {
      if (at == part.length) {
        waiting.run();
        if (parts.isEmpty()) {
          return -1;
        }
        part = parts.remove();
        at = 0;
      }
      int count = Math.min(most, part.length - at);
      System.arraycopy(part, at, into, from, count);
      at += count;
      return count;
    }
  }

  @Test
  void linesThatAreThereAreComputedBeforeMoreAreWaitedFor() throws Exception {
    List<Integer> batchesAtEachWait = new ArrayList<>();
    SlowPipe pipe =
        new SlowPipe(
            () -> batchesAtEachWait.add(inference.embedded.size()),
            "a\n",
            "b\nc\r\nbegin",
            "ning",
            "\r",
            "\nd\n" + "x".repeat(200_000),
            "\ne");
    CliRun run = CliRun.withInput(inference, pipe, "embed", "-m", "bert.gguf");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(inference.embedded)
        .containsExactly(
            List.of("a"),
            List.of("b", "c"),
            List.of("beginning"),
            List.of("d"),
            List.of("x".repeat(200_000)),
            List.of("e"));
    assertThat(batchesAtEachWait).containsExactly(0, 1, 2, 2, 3, 4, 5);
    assertThat(lines(run)).hasSize(7);
  }

  @Test
  void optionsReachTheLibrary() {
    CliRun run =
        CliRun.of(
            inference,
            ("embed -m bert.gguf --task query --dimensions 2 --long-text mean-of-parts --pooling cls"
                    + " --query-prefix q: --document-prefix d: text")
                .split(" "));

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(inference.embeddingOptions)
        .containsExactly(
            EmbeddingOptions.builder()
                .task(EmbeddingTask.QUERY)
                .dimensions(2)
                .longText(LongText.MEAN_OF_PARTS)
                .build());
    assertThat(inference.embedderConfigs)
        .containsExactly(EmbedderConfig.builder().pooling(Pooling.CLS).queryPrefix("q:").documentPrefix("d:").build());
  }

  @Test
  void withoutPoolingEachTokenHasAVector() throws Exception {
    CliRun run = CliRun.of(inference, "embed", "-m", "bert.gguf", "--pooling", "none", "three");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(lines(run).getFirst().path("embedding").toString()).isEqualTo("[[5.0,0.5],[0.0,0.0]]");
    assertThat(lines(run).getFirst().path("tokens").asInt()).isEqualTo(2);
    assertThat(run.out()).containsSubsequence("\"latency_ms\"", "\"embedding\"");
  }

  @Test
  void aTextThatFailsIsNamedByItsPlace() {
    CliRun tooLong = CliRun.of(inference, "embed", "-m", "bert.gguf", "a", "far too long");
    assertThat(tooLong.code()).isEqualTo(ExitCode.USAGE);
    assertThat(tooLong.err())
        .startsWith("panallama: text 2 has 300 tokens")
        .contains("shorten it, or pass --long-text truncate or mean-of-parts.")
        .hasLineCount(1);

    String lines = "x\n".repeat(299);
    CliRun line = CliRun.withInput(inference, lines + "far too long\n", "embed", "-m", "bert.gguf");
    assertThat(line.code()).isEqualTo(ExitCode.USAGE);
    assertThat(line.err()).startsWith("panallama: line 300 has 300 tokens").hasLineCount(1);
    assertThat(line.out()).hasLineCount(256);

    CliRun broken = CliRun.withInput(inference, lines + "broken\n", "embed", "-m", "bert.gguf");
    assertThat(broken.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(broken.err())
        .isEqualTo("panallama: The model gave numbers that are none for line 300." + System.lineSeparator());
    assertThat(inference.open).isZero();
  }

  @Test
  void aHyphenStandsForStandardInput() throws Exception {
    CliRun run = CliRun.withInput(inference, "one\r\nthree\rfive", "embed", "-m", "bert.gguf", "-");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(lines(run)).extracting(line -> line.path("text").asText()).containsExactly("one", "three", "five");

    CliRun mixed = CliRun.withInput(inference, "one", "embed", "-m", "bert.gguf", "a", "-");
    assertThat(mixed.code()).isEqualTo(ExitCode.USAGE);
    assertThat(mixed.err()).startsWith("panallama: text 2 is -, which stands for standard input");
  }

  @Test
  void anEmptyTextIsNamedByItsPlace() {
    CliRun argument = CliRun.of(inference, "embed", "-m", "bert.gguf", "a", " ");
    assertThat(argument.code()).isEqualTo(ExitCode.USAGE);
    assertThat(argument.err()).startsWith("panallama: text 2 is empty").hasLineCount(1);
    assertThat(argument.out()).isEmpty();

    CliRun line = CliRun.withInput(inference, "a\nb\n\nc\n", "embed", "-m", "bert.gguf");
    assertThat(line.code()).isEqualTo(ExitCode.USAGE);
    assertThat(line.err()).startsWith("panallama: line 3 is empty").hasLineCount(1);
    assertThat(inference.open).isZero();
  }

  @Test
  void whatIsNotUtf8IsNamedByItsLine() {
    byte[] input = "a\r\nb\nc\u00e9\n".getBytes(StandardCharsets.ISO_8859_1);
    CliRun run = CliRun.withInput(inference, input, "embed", "-m", "bert.gguf");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).isEqualTo("panallama: Line 3 of standard input is not UTF-8 text." + System.lineSeparator());
  }

  @Test
  void withoutTextsNothingIsPrinted() {
    CliRun run = CliRun.withInput(inference, "", "embed", "-m", "bert.gguf");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "embed text | --model",
        "embed -m a.gguf --task other text | is none of plain, query, document",
        "embed -m a.gguf --pooling rank text | is none of model, mean, cls, last",
        "embed -m a.gguf --long-text no text | is none of refuse, truncate, mean-of-parts",
        "embed -m a.gguf --dimensions -1 text | --dimensions is -1",
        "embed -m a.gguf --pooling none --long-text mean-of-parts a | --long-text is mean-of-parts, but with --pooling"
            + " none",
        "embed -m nosuch text | 'nosuch' is neither a file nor a model that can be fetched; those are minilm,"
            + " bge-small-zh",
        "embed -m maven:a:b text | 'maven:a:b' has no version",
      })
  void whatIsWrongIsNamed(String line, String message) {
    CliRun run = CliRun.of(inference, line.split(" "));
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(inference.open).isZero();
  }
}
