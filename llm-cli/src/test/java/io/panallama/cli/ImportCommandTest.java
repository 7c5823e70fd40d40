package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufValue;
import io.panallama.models.testkit.TinyOnnx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImportCommandTest {
  private final FakeInference inference = new FakeInference();

  @TempDir private Path folder;
  private Path onnx;
  private Path output;

  @BeforeEach
  void write() throws IOException {
    onnx = TinyOnnx.create().write(folder.resolve("tiny.onnx"));
    TinyOnnx.writeTokenizer(folder.resolve("tokenizer.json"));
    output = folder.resolve("out.gguf");
  }

  private CliRun importOnnx(String... more) {
    String[] args = new String[more.length + 5];
    System.arraycopy(new String[] {"import", "onnx", onnx.toString(), "-o", output.toString()}, 0, args, 0, 5);
    System.arraycopy(more, 0, args, 5, more.length);
    return CliRun.of(inference, args);
  }

  @Test
  void writesTheModelAndSaysWhatItIs() {
    CliRun run = importOnnx();

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .matches("\\S+out\\.gguf: tiny, 0\\.0 million parameters \\(.+ KiB, .+ bits per weight, .+ s\\)\\R");
    assertThat(GgufFile.read(output).metadata()).containsEntry("general.file_type", GgufValue.Int.u32(1));
  }

  @Test
  void optionsReachTheImporter() {
    CliRun run = importOnnx("--type", "f32", "--pooling", "CLS", "--name", "Tiny model");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(GgufFile.read(output).metadata())
        .containsEntry("general.file_type", GgufValue.Int.u32(0))
        .containsEntry("bert.pooling_type", GgufValue.Int.u32(2))
        .containsEntry("general.name", new GgufValue.Text("Tiny model"));
  }

  @Test
  void anExistingOutputNeedsForce() throws IOException {
    Files.writeString(output, "old");

    CliRun run = importOnnx();

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("exists already").endsWith("--force overwrites it.\n").hasLineCount(1);
    assertThat(importOnnx("--force").code()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--type q9 | There is no type 'q9'",
        "--type COPY | --type is COPY",
        "--type IQ1_S | --type is IQ1_S, which needs an importance matrix",
        "--pooling max | --pooling",
        "--pooling model | is none of mean, cls, last",
        "--pooling none | is none of mean, cls, last",
        "--tokenizer missing.json | missing.json: can't be read: there is no such file",
      })
  void whatCannotBeUsedIsOneLineAndExitCode2(String options, String expected) {
    CliRun run = importOnnx(options.split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(output).doesNotExist();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeOrADeviceIsRefused() throws Exception {
    Path pipe = output.resolveSibling("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

    for (String file : new String[] {pipe.toString(), "/dev/zero"}) {
      CliRun run = importOnnx("--tokenizer", file);

      assertThat(run.code()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).isEqualTo("panallama: " + file + ": is not a regular file.\n");
    }
  }

  @Test
  void aGraphOfAnotherKindIsNamed() throws IOException {
    TinyOnnx other = TinyOnnx.create();
    other.replace("/encoder/layer.0/act/Erf", node -> node.withOperator("Tanh"));
    other.write(onnx);

    CliRun run = importOnnx();

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("Tanh \"/encoder/layer.0/act/Erf\": a BERT encoder").hasLineCount(1);
  }

  /** What is wrong with the graph says more than what is wrong with the tokenizer of another kind of model. */
  @Test
  void theGraphIsCheckedBeforeTheTokenizer() throws IOException {
    TinyOnnx other = TinyOnnx.create();
    other.replace("/encoder/layer.0/act/Erf", node -> node.withOperator("Tanh"));
    other.write(onnx);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");

    assertThat(importOnnx().err()).contains("Tanh").doesNotContain("tokenizer").hasLineCount(1);
    assertThat(importOnnx("--tokenizer", "missing.json").err()).contains("Tanh").hasLineCount(1);
  }

  @Test
  void aFolderIsNoFile() throws IOException {
    onnx = Files.createDirectory(folder.resolve("model"));
    CliRun run = importOnnx();

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("model: is a folder; name the file in it: the ONNX file, such as model.onnx.");
    assertThat(run.err()).hasLineCount(1);

    onnx = folder.resolve("tiny.onnx");
    assertThat(importOnnx("--tokenizer", folder.toString()).err())
        .contains("is a folder; name the file in it: tokenizer.json.")
        .hasLineCount(1);
  }

  @Test
  void withoutAFormatThereIsHelp() {
    CliRun run = CliRun.of(inference, "import");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("onnx");
  }
}
