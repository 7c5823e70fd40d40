package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code bench} on llama.cpp itself, with the demo model and very little work; the numbers mean nothing here. */
@Timeout(120)
class BenchCommandTest {
  private static final String[] SHORT = {"bench", "--backend", "cpu", "-r", "2", "--warm-up", "0"};

  @TempDir Path folder;

  private static CliRun bench(String options) {
    List<String> args = new ArrayList<>(List.of(SHORT));
    args.addAll(List.of(options.split(" ")));
    return CliRun.of(new CoreInference(), args.toArray(String[]::new));
  }

  @Test
  void everyTestOfTheGridIsAnObjectWithAllSamples() throws Exception {
    CliRun run = bench("-p 24 -n 8 -pg 16,4 -d 0,32 -t 1 -o json");

    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
    JsonNode rows = new ObjectMapper().readTree(run.out());
    assertThat(rows.findValuesAsText("test"))
        .containsExactly("pp24", "tg8", "pp16+tg4", "pp24 @ d32", "tg8 @ d32", "pp16+tg4 @ d32");
    for (JsonNode row : rows) {
      assertThat(row.get("samples_ns")).hasSize(2);
      assertThat(row.get("samples_ts")).hasSize(2);
      assertThat(row.get("avg_ts").doubleValue())
          .isBetween(row.get("min_ts").doubleValue(), row.get("max_ts").doubleValue());
      assertThat(row.get("model_n_params").longValue()).isPositive();
      assertThat(row.get("n_threads").intValue()).isEqualTo(1);
      assertThat(row.get("n_batch").intValue()).isEqualTo(2048);
      assertThat(row.get("cpu_library").textValue()).isNotBlank();
    }
    assertThat(rows.get(0).get("measured").textValue()).contains("submission to the first token");
    assertThat(rows.get(4).get("measured").textValue()).contains("32 tokens before");
  }

  @Test
  void severalStreamsRunTogether() throws Exception {
    CliRun run = bench("-p 16 -n 8 -pg 16,4 -B 1,3 -o jsonl");

    assertThat(run.code()).as(run.err()).isZero();
    List<JsonNode> rows = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      rows.add(new ObjectMapper().readTree(line));
    }
    assertThat(rows).extracting(row -> row.get("n_parallel").intValue()).containsExactly(1, 1, 1, 3, 3, 3);
    JsonNode together = rows.get(5);
    double rate = 3 * (16 + 4) * 1e9 / together.get("samples_ns").get(0).longValue();
    assertThat(together.get("samples_ts").get(0).doubleValue()).isEqualTo(rate);
  }

  @Test
  void generatingAtADepthWithSeveralStreams() throws Exception {
    CliRun run = bench("-p 0 -n 8 -d 24 -B 2 -o csv");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines()).hasSize(2);
    assertThat(run.out()).startsWith("panallama_version,").contains("\"tg8 @ d24\"", "of all streams together");
  }

  @Test
  void filesAreWrittenInTheFormatOfTheirEnding() throws Exception {
    Path json = folder.resolve("all.json");
    Path page = folder.resolve("page.md");
    CliRun run = bench("-p 16 -n 0 -fa on,off --save " + json + " --save " + page);

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines().filter(line -> line.contains(" pp16 ")))
        .hasSize(2)
        .allMatch(line -> line.contains("±"));
    assertThat(run.out()).contains("2 repetitions, no warm-up", "| fa", "pp16: 16 tokens of prompt / time");
    assertThat(new ObjectMapper().readTree(json.toFile())).hasSize(2);
    assertThat(Files.readAllLines(page).stream().filter(line -> line.startsWith("| ") && line.contains(" pp16 ")))
        .hasSize(2);
  }

  @Test
  void beingInterruptedLeavesWhatThereIs() throws Exception {
    CliRun run = CliRun.withSignal(new CoreInference(), "", "bench", "--backend", "cpu", "-o", "json");

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(new ObjectMapper().readTree(run.out())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      quoteCharacter = '`',
      value = {
        "-p many > -p: 'many' is no list of whole numbers",
        "-p 4-1 > never gets from its first number to its last",
        "-p 0 -n 0 > nothing to measure",
        "-pg 512 > -pg: '512' is not a prompt and an answer",
        "-pg 0,8 > -pg: '0,8' is not a prompt and an answer",
        "-d 3 > The depth is 3; it must be 0, or at least 8",
        "-d 64 -B 2 > Set the prompt to 0",
        "-B 1000 > The number of streams is 1000; it must be 1 to 256",
        "-B 64 -b 32 -ub 32 > -b is 32 with 64 slots",
        "-ub 4096 > -ub is 4096; it must be at most --batch-size, 2048",
        "-t 5000 > -t is 5000",
        "-ngl most > -ngl: 'most'",
        "-ctk f12 > 'f12' is none of f32, f16",
        "-ctv q8_0 -fa off > Q8_0 need flash attention",
        "-r 0 > The number of repetitions is 0; it must be 1 to 10000",
        "--warm-up -1 > '-1' is not 0 to 3600",
        "--delay soon > 'soon' is not a number of seconds",
        "-o xml > 'xml' is none of table, markdown, json, jsonl, csv",
        "--save results.xml > --save: results.xml must end in one of .txt, .md, .json, .jsonl, .csv",
        "-m missing.gguf > missing.gguf",
        "-p 1-1000 -n 1-1000 -t 1-16 > more than 10000 tests",
        "-p 16,2000 -n 0 > pp2000 needs a context of 2001 tokens",
        "-p 0 -n 16 -d 1000 -B 1,2 > tg16 @ d1000 with 2 streams needs a context of"
      })
  void badOptionsAreOneLineBeforeAnythingRuns(String options, String expected) {
    CliRun run = CliRun.of(new CoreInference(), ("bench " + options).split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("panallama: ").contains(expected.strip()).hasLineCount(1);
  }
}
