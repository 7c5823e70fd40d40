package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.QuantizationException;
import io.panallama.gguf.GgufType;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationProgress;
import io.panallama.quantize.QuantizationType;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizeCommandTest {
  private final FakeInference inference = new FakeInference();

  @Test
  void printsSizesBeforeAndAfter() {
    CliRun run = CliRun.of(inference, "quantize", "in.gguf", "out.gguf", "q4_k");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).isEqualTo("input     in.gguf (1.9 MiB, 16.00 bits per weight)"),
            line ->
                assertThat(line)
                    .matches("output    out\\.gguf \\(585\\.9 KiB, 4\\.80 bits per weight, \\d+\\.\\d s\\)"),
            line -> assertThat(line).startsWith("7 of 100 tensors were given another format than Q4_K_M specifies"));
    assertThat(inference.files).containsExactly(Path.of("in.gguf"), Path.of("out.gguf"));
    QuantizationConfig config = inference.quantizations.getFirst();
    assertThat(config.type()).isEqualTo(QuantizationType.Q4_K_M);
    assertThat(config.overwrite() || config.pure() || config.allowRequantize()).isFalse();
    assertThat(config.quantizeOutput()).isTrue();
  }

  @Test
  void optionsReachTheLibrary() {
    CliRun run =
        CliRun.of(
            inference,
            "quantize --force -t 3 --pure --allow-requantize --leave-output-tensor --output-tensor-type q8_0"
                .concat(" --token-embedding-type Q6_K --dry-run in.gguf Q8_0")
                .split(" "));

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("would be  in-q8_0.gguf");
    QuantizationConfig config = inference.quantizations.getFirst();
    assertThat(config.threads()).isEqualTo(3);
    assertThat(config.overwrite() && config.pure() && config.allowRequantize()).isTrue();
    assertThat(config.quantizeOutput()).isFalse();
    assertThat(config.outputTensorType()).contains(GgufType.Q8_0);
    assertThat(config.tokenEmbeddingType()).contains(GgufType.Q6_K);
  }

  @ParameterizedTest
  @CsvSource({
    "a/model-f16.gguf, a/model-q4_k_m.gguf",
    "Model.BF16.gguf, Model.Q4_K_M.gguf",
    "model-iq3_xxs.gguf, model-q4_k_m.gguf",
    "model-7b.gguf, model-7b-q4_k_m.gguf",
    "model, model-q4_k_m.gguf",
    "model-copy.gguf, model-copy-q4_k_m.gguf",
    "model-F16-00001-of-00003.gguf, model-Q4_K_M.gguf"
  })
  void theTypeReplacesTheOneInTheName(Path input, Path output) {
    assertThat(QuantizeCommand.beside(input, QuantizationType.Q4_K_M)).isEqualTo(output);
  }

  @Test
  void aCopyKeepsTheTypeInItsName() {
    assertThat(QuantizeCommand.beside(Path.of("model-Q8_0-00001-of-00003.gguf"), QuantizationType.COPY))
        .isEqualTo(Path.of("model-Q8_0-copy.gguf"));
  }

  @Test
  void listsEveryType() {
    CliRun run = CliRun.of(inference, "quantize", "--list");

    assertThat(run.code()).isZero();
    for (QuantizationType type : QuantizationType.values()) {
      assertThat(run.out()).containsPattern("(?m)^" + type + " +\\S");
    }
    assertThat(run.out()).containsPattern("IQ2_XS .*needs --imatrix");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "quantize | An input file and a type are needed",
        "quantize in.gguf | An input file and a type are needed",
        "quantize in.gguf Q9_X | There is no type 'Q9_X'; panallama quantize --list",
        "quantize a b c d | d",
        "quantize -t 9999 in.gguf Q8_0 | -t is 9999; it must be 1 to 512",
        "quantize --output-tensor-type q9 in.gguf Q8_0 | 'q9' is none of F32, F16",
        "quantize --output-tensor-type q8_k in.gguf Q8_0 | --output-tensor-type is Q8_K; it must be one of",
        "quantize --imatrix missing.gguf in.gguf IQ2_XS | missing.gguf: "
      })
  void whatCannotBeUsedIsOneLineAndExitCode2(String line, String expected) {
    CliRun run = CliRun.of(inference, line.strip().split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.quantizations).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "OUTPUT_EXISTS, 2, ' --force overwrites it.'",
    "ALREADY_QUANTIZED, 2, ' --allow-requantize converts it all the same.'",
    "IMPORTANCE_MATRIX_REQUIRED, 2, ' --imatrix FILE names one.'",
    "INSUFFICIENT_DISK, 1, ''",
    "FAILED, 1, ''",
    "CANCELLED, 130, ''"
  })
  void failuresAreOneLineWithTheirExitCodeAndTheOptionThatHelps(
      QuantizationException.Reason reason, int code, String advice) {
    inference.startFailure = Optional.of(new QuantizationException(reason, Path.of("x"), "x: is so.", null));

    CliRun run = CliRun.of(inference, "quantize", "in.gguf", "Q8_0");

    assertThat(run.code()).isEqualTo(code);
    assertThat(run.err()).isEqualTo("panallama: x: is so." + advice + System.lineSeparator());
  }

  @Test
  void ctrlCStopsItWith130() {
    CliRun run = CliRun.withSignal(inference, "", "quantize", "in.gguf", "Q8_0");

    assertThat(run.code()).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("stopped").hasLineCount(1);
    assertThat(CliRun.withSignal(inference, "", "quantize", "--dry-run", "in.gguf", "Q8_0").code())
        .isEqualTo(ExitCode.INTERRUPTED);
  }

  @Test
  void theBarIsDrawnOnATerminalAndTakenAway() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (QuantizeProgress progress = new QuantizeProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), true)) {
      assertThat(progress.progress(new QuantizationProgress("a.weight", 1, 4, 10, 20))).isTrue();
      assertThat(progress.progress(new QuantizationProgress("a.weight", 1, 4, 10, 20))).isTrue();
      progress.stop();
      assertThat(progress.progress(new QuantizationProgress("", 4, 4, 20, 20))).isFalse();
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .startsWith("\rquantizing [" + "#".repeat(15) + ".".repeat(15) + "]  50 %, 1 of 4 tensors, a.weight\u001b[K\r")
        .endsWith("100 %, 4 of 4 tensors\u001b[K\r\u001b[K");
  }
}
