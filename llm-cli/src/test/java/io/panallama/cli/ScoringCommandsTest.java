package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.LongText;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.RerankOptions;
import io.panallama.scoring.ScoreFunction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code rerank} and {@code classify}. */
class ScoringCommandsTest {
  private final FakeInference inference = new FakeInference();

  private static List<JsonNode> lines(CliRun run) throws Exception {
    List<JsonNode> all = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      all.add(new ObjectMapper().readTree(line));
    }
    return all;
  }

  @Test
  void documentsAreALineEachTheBestFirst() throws Exception {
    CliRun run = CliRun.of(inference, "rerank", "-m", "bge.gguf", "-q", "Where?", "one", "three", FakeInference.CUT);

    assertThat(run.code()).as(run.err()).isZero();
    List<JsonNode> lines = lines(run);
    assertThat(lines).extracting(line -> line.path("index").asInt()).containsExactly(1, 0, 2);
    assertThat(lines.getFirst().path("document").asText()).isEqualTo("three");
    assertThat(lines.getFirst().path("score").floatValue()).isEqualTo(5);
    assertThat(lines.getFirst().path("tokens").asInt()).isEqualTo(9);
    assertThat(lines.getFirst().path("latency_ms").isNumber()).isTrue();
    assertThat(lines.getFirst().has("truncated")).isFalse();
    assertThat(lines.getLast().path("truncated").asBoolean()).isTrue();
    assertThat(inference.files).containsExactly(Path.of("bge.gguf"));
    assertThat(inference.rerankOptions).containsExactly(RerankOptions.defaults());
    assertThat(inference.open).isZero();
  }

  @Test
  void theBestOfAllLinesAreChosen() throws Exception {
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      input.append("x".repeat(i == 7 || i == 299 ? 9 : i % 5 + 1)).append('\n');
    }
    CliRun run =
        CliRun.withInput(
            inference,
            input.toString(),
            ("rerank -m bge.gguf --query Where --top-n 3 --normalize --truncate --query-prefix q: --document-prefix d:")
                .split(" "));

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(lines(run)).extracting(line -> line.path("index").asInt()).containsExactly(7, 299, 4);
    assertThat(inference.scored).extracting(List::size).containsExactly(256, 44);
    RerankOptions options = RerankOptions.builder().normalized(true).truncate(true).build();
    assertThat(inference.rerankOptions).containsExactly(options, options);
    assertThat(inference.embedderConfigs)
        .containsExactly(EmbedderConfig.builder().queryPrefix("q:").documentPrefix("d:").build());
  }

  @Test
  void nothingIsRankedWithoutAnInput() {
    CliRun run = CliRun.withInput(inference, "", "rerank", "-m", "bge.gguf", "-q", "Where?");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(inference.scored).isEmpty();
  }

  @Test
  void textsGetLabels() throws Exception {
    CliRun run = CliRun.of(inference, "classify", "-m", "mood.gguf", "a day", "bad", FakeInference.CUT);

    assertThat(run.code()).as(run.err()).isZero();
    List<JsonNode> lines = lines(run);
    assertThat(lines).hasSize(3);
    assertThat(lines.getFirst().path("text").asText()).isEqualTo("a day");
    assertThat(lines.getFirst().path("label").asText()).isEqualTo("good");
    assertThat(lines.getFirst().path("score").floatValue()).isEqualTo(0.75f);
    assertThat(lines.getFirst().path("scores").toString())
        .isEqualTo("[{\"label\":\"good\",\"score\":0.75},{\"label\":\"bad\",\"score\":0.25}]");
    assertThat(lines.getFirst().path("tokens").asInt()).isEqualTo(7);
    assertThat(lines.getFirst().path("latency_ms").isNumber()).isTrue();
    assertThat(lines.get(1).path("label").asText()).isEqualTo("bad");
    assertThat(lines.get(2).path("truncated").asBoolean()).isTrue();
    assertThat(inference.classifyOptions).containsExactly(ClassifyOptions.defaults());
    assertThat(inference.embedderConfigs).containsExactly(EmbedderConfig.defaults());
    assertThat(inference.open).isZero();
  }

  @Test
  void optionsOfLabelsReachTheLibrary() throws Exception {
    CliRun run =
        CliRun.withInput(
            inference, "one\ntwo\n", "classify", "-m", "mood.gguf", "--scores", "sigmoid", "--long-text", "truncate");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(lines(run)).hasSize(2);
    assertThat(inference.scored).containsExactly(List.of("one", "two"));
    assertThat(inference.classifyOptions)
        .containsExactly(ClassifyOptions.builder().function(ScoreFunction.SIGMOID).longText(LongText.TRUNCATE).build());
  }

  @Test
  void aDocumentThatIsTooLongIsNamedWithItsOption() {
    CliRun run = CliRun.of(inference, "rerank", "-m", "bge.gguf", "-q", "Where?", "a", "far too long");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err())
        .startsWith("panallama: text 2 has 300 tokens together with the query")
        .contains("shorten it, or pass --truncate.")
        .hasLineCount(1);
  }

  @Test
  void emptyTextsAreNamedByTheirPlace() {
    CliRun document = CliRun.withInput(inference, "a\n\n", "rerank", "-m", "bge.gguf", "-q", "Where?", "-");
    assertThat(document.code()).isEqualTo(ExitCode.USAGE);
    assertThat(document.err()).startsWith("panallama: line 2 is empty");
    CliRun text = CliRun.of(inference, "classify", "-m", "mood.gguf", "");
    assertThat(text.code()).isEqualTo(ExitCode.USAGE);
    assertThat(text.err()).startsWith("panallama: text 1 is empty");
    CliRun query = CliRun.of(inference, "rerank", "-m", "bge.gguf", "-q", " ", "a");
    assertThat(query.code()).isEqualTo(ExitCode.USAGE);
    assertThat(query.err()).startsWith("panallama: -q is empty");
    assertThat(inference.open).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rerank -q a text | --model",
        "rerank -m a.gguf text | --query",
        "rerank -m a.gguf -q a --top-n -1 text | --top-n is -1",
        "classify text | --model",
        "classify -m a.gguf --scores other text | is none of model, softmax, sigmoid, none",
        "classify -m a.gguf --long-text no text | is none of refuse, truncate, mean-of-parts",
      })
  void whatIsWrongIsNamed(String line, String message) {
    CliRun run = CliRun.of(inference, line.split(" "));
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(message);
    assertThat(inference.open).isZero();
  }
}
