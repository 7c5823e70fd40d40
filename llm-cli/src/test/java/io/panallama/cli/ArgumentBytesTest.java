package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentBytesTest {
  private static byte[] commandLine(Charset charset, String... words) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String word : words) {
      bytes.writeBytes(word.getBytes(charset));
      bytes.write(0);
    }
    return bytes.toByteArray();
  }

  @Test
  void theArgumentIsNamed() {
    byte[] latin = commandLine(StandardCharsets.ISO_8859_1, "java", "Main", "embed", "", "caf\u00e9");
    assertThat(ArgumentBytes.refusal(List.of("embed", "", "caf\uFFFD"), () -> latin).orElseThrow())
        .startsWith("Argument 3, 'caf\uFFFD', is not UTF-8 text");
  }

  @Test
  void theCharacterItselfIsText() {
    byte[] meant = commandLine(StandardCharsets.UTF_8, "java", "Main", "embed", "caf\uFFFD");
    assertThat(ArgumentBytes.refusal(List.of("embed", "caf\uFFFD"), () -> meant)).isEmpty();
  }

  @Test
  void withoutTheBytesTheCharacterDecides() {
    ArgumentBytes.Source none =
        () -> {
          throw new IOException("no such file");
        };
    assertThat(ArgumentBytes.refusal(List.of("embed", "caf\uFFFD"), none)).isPresent();
    assertThat(ArgumentBytes.refusal(List.of("embed", "caf\u00e9"), none)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"embed -m a.gguf", "search", "classify -m a.gguf", "rerank -m a.gguf -q", "run", "chat --system"})
  void everyCommandRefusesThem(String command) {
    FakeInference inference = new FakeInference();
    CliRun run = CliRun.of(inference, (command + " \uFFFD").split(" "));
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains(", '\uFFFD', is not UTF-8 text").hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }
}
