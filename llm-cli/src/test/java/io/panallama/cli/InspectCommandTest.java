package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.demo.DemoModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {
  private final FakeInference inference = new FakeInference();
  private final String demo = DemoModel.extract().toString();

  @TempDir Path folder;

  @Test
  void outlineComesFirstThenMetadata() {
    CliRun run = CliRun.of(inference, "inspect", demo);

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .containsPattern("architecture +llama")
        .containsPattern("parameters +2,312,640")
        .containsPattern("tensors +56, .*43 Q8_0")
        .containsPattern("context +1,024 tokens")
        .containsPattern("layers +6")
        .containsPattern("vocabulary +gpt2 \\(qwen2\\), 2,048 tokens")
        .containsPattern("chat template +yes")
        .containsPattern("loadable +yes")
        .contains("tokenizer.ggml.tokens = arr[str,2048]")
        .doesNotContain("blk.0.attn_q.weight");
    assertThat(inference.files).isEmpty();
  }

  @Test
  void tensorsAreListedOnRequest() {
    CliRun run = CliRun.of(inference, "inspect", "--tensors", demo);

    assertThat(run.out()).containsPattern("blk\\.0\\.attn_q\\.weight +Q8_0 +192 x 192 +38\\.3 KiB");
  }

  @Test
  void jsonIsOneObject() throws Exception {
    CliRun run = CliRun.of(inference, "inspect", "--json", "--tensors", demo);

    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(run.out()).hasLineCount(1);
    assertThat(json.get("parameters").longValue()).isEqualTo(DemoModel.PARAMETERS);
    assertThat(json.get("heads").intValue()).isEqualTo(3);
    assertThat(json.get("loadable").booleanValue()).isTrue();
    assertThat(json.get("tensors")).hasSize(56);
    assertThat(json.at("/tensor_types/q8_0/tensors").intValue()).isEqualTo(43);
    assertThat(json.get("metadata").get("tokenizer.ggml.tokens").get("count").intValue()).isEqualTo(2048);
  }

  @Test
  void unreadableFilesAreOneLineAndExitCode2() throws Exception {
    byte[] bytes = Files.readAllBytes(Path.of(demo));
    Path truncated = Files.write(folder.resolve("truncated.gguf"), Arrays.copyOf(bytes, 1000));
    Path empty = Files.createFile(folder.resolve("empty.gguf"));
    Path text = Files.writeString(folder.resolve("text.gguf"), "hello, I am a text file");

    for (Path bad : new Path[] {truncated, empty, text, folder, folder.resolve("missing.gguf")}) {
      CliRun run = CliRun.of(inference, "inspect", bad.toString());

      assertThat(run.code()).as(bad.toString()).isEqualTo(ExitCode.USAGE);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("panallama: " + bad).hasLineCount(1);
    }
  }
}
