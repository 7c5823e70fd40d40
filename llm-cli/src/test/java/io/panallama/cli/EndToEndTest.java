package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.TextGenerator;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.error.InvalidRequestException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.request.ChatRequest;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands on llama.cpp itself, with the demo model. */
@Timeout(120)
class EndToEndTest {
  private final CoreInference inference = new CoreInference();

  @Test
  void doctorFindsThisMachineUsable() {
    CliRun run = CliRun.of(inference, "doctor", "--backend", "cpu");

    assertThat(run.err()).isEmpty();
    assertThat(run.out()).contains("generation  ok", "This machine can run Panallama.");
    assertThat(run.code()).isZero();
  }

  /** A wrapper around the engine would give the server default methods for everything that it does not delegate. */
  @Test
  void theServerGetsAllThatTheEngineCanDo() {
    EngineConfig two = EngineConfig.builder().slots(1).queueLimit(1).build();
    try (LoadedEngine engine = inference.start(DemoModel.extract(), ModelConfig.defaults(), two)) {
      TextGenerator generator = engine.generator();
      assertThat(generator.render(ChatRequest.of("Hello"))).contains("Hello");
      assertThat(generator.tokenBytes(100)).isNotEmpty();
      // All of them or none are admitted, instead of one after the other.
      assertThatThrownBy(() -> generator.generateAll(ChatRequest.of("Hello"), 3))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("n is 3; it must be 1 to 2, which is what the engine's slots (1) and its queue (1) take.");
    }
  }

  @Test
  void runAnswersTheSameForTheSameSeed() throws Exception {
    String[] args = {
      "run", "--json", "--backend", "cpu", "--input", "Tell me a story.", "--max-tokens", "16", "--seed", "7"
    };

    JsonNode first = new ObjectMapper().readTree(CliRun.of(inference, args).out());
    JsonNode second = new ObjectMapper().readTree(CliRun.of(inference, args).out());

    assertThat(first.get("text").textValue()).isNotBlank().isEqualTo(second.get("text").textValue());
    assertThat(first.at("/usage/completion_tokens").intValue()).isBetween(1, 16);
    assertThat(first.get("latency_ms").doubleValue()).isGreaterThanOrEqualTo(first.get("ttft_ms").doubleValue());
  }

  @Test
  void chatKeepsTheConversation() {
    CliRun run = CliRun.withInput(inference, "Hello!\nTell me a joke.", "chat", "--backend", "cpu", "-n", "24");

    assertThat(run.code()).isZero();
    assertThat(run.out().lines().filter(line -> !line.isBlank()).count()).isGreaterThanOrEqualTo(2);
    assertThat(run.err().lines()).hasSize(2).allMatch(line -> line.contains("tokens/s"));
  }

  @Test
  void badFilesAndImpossibleContextsAreOneLineAndExitCode2(@TempDir Path folder) throws Exception {
    Path demo = DemoModel.extract();
    byte[] bytes = Files.readAllBytes(demo);
    Path truncated = Files.write(folder.resolve("truncated.gguf"), Arrays.copyOf(bytes, bytes.length / 2));
    Path text = Files.writeString(folder.resolve("text.gguf"), "hello, I am a text file");

    for (Path bad : new Path[] {truncated, text, folder, folder.resolve("missing.gguf")}) {
      CliRun run = CliRun.of(inference, "run", "--input", "hi", "--model", bad.toString());

      assertThat(run.code()).as(bad.toString()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).startsWith("panallama: " + bad).hasLineCount(1);
    }
    CliRun huge = CliRun.of(inference, "run", "--input", "hi", "--ctx-size", "2000000000");
    assertThat(huge.code()).isEqualTo(ExitCode.USAGE);
    assertThat(huge.err()).startsWith("panallama: ").contains("2000000000").hasLineCount(1);
  }

  @Test
  void aModelWithBrokenWeightsEndsServeWithItsName(@TempDir Path folder) throws Exception {
    Path broken = Files.copy(DemoModel.extract(), folder.resolve("broken.gguf"));
    GgufFile file = GgufFile.read(broken);
    GgufTensor norm = file.tensor("output_norm.weight").orElseThrow();
    byte[] notNumbers = new byte[(int) norm.byteSize()];
    Arrays.fill(notNumbers, (byte) 0xFF);
    try (FileChannel channel = FileChannel.open(broken, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(notNumbers), file.dataOffset() + norm.offset());
    }

    CliRun run = CliRun.of(inference, "serve", "--port", "0", "--isolate", "never", "-m", broken.toString());

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(broken + ": the model can't generate. ", "logits hold NaN").hasLineCount(1);
  }

  @Test
  void quantizeWritesAModelThatRuns(@TempDir Path folder) {
    Path output = folder.resolve("demo-q4_0.gguf");

    CliRun quantize =
        CliRun.of(
            inference, "quantize", "--allow-requantize", DemoModel.extract().toString(), output.toString(), "q4_0");

    assertThat(quantize.err()).isEmpty();
    assertThat(quantize.code()).isZero();
    assertThat(quantize.out().lines().toList())
        .satisfiesExactly(
            line -> assertThat(line).contains("2.4 MiB, 8.53 bits per weight"),
            line -> assertThat(line).contains("1.4 MiB, 5.21 bits per weight"),
            line -> assertThat(line).startsWith("1 of 56 tensors"));
    CliRun run =
        CliRun.of(
            inference, "run", "--json", "--backend", "cpu", "--input", "Hi", "-n", "4", "--model", output.toString());
    assertThat(run.code()).as(run.err()).isZero();
    CliRun again = CliRun.of(inference, "quantize", output.toString(), output.toString(), "q4_0");
    assertThat(again.code()).isEqualTo(ExitCode.USAGE);
    assertThat(again.err()).startsWith("panallama: " + output + ": is the source itself").hasLineCount(1);
  }
}
