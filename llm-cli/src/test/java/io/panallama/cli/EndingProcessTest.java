package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.EngineClosedException;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A signal ends a process by its shutdown hooks, which close engines under the command that uses them. */
@Timeout(120)
class EndingProcessTest {
  @TempDir private Path folder;
  private final FakeInference inference = new FakeInference();

  @BeforeEach
  void index() throws IOException {
    Files.writeString(Files.createDirectory(folder.resolve("docs")).resolve("a.txt"), "A llama hums.");
    String[] index = words("index FOLDER/docs -m m.gguf --store FOLDER/store");
    assertThat(CliRun.of(inference, index).code()).isZero();
  }

  private String[] words(String line) {
    return line.replace("FOLDER", folder.toString()).split(" ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "embed -m m.gguf text",
        "rerank -m m.gguf -q query text",
        "classify -m m.gguf text",
        "run -m m.gguf --input text",
        "chat -m m.gguf",
        "index FOLDER/docs -m m.gguf --store FOLDER/store",
        "search text -m m.gguf --store FOLDER/store"
      })
  void whatFailsThenIsNotReported(String line) {
    inference.startFailure = Optional.of(new EngineClosedException());
    CliRun ending = CliRun.whileEnding(inference, words(line));
    assertThat(ending.out()).isEmpty();
    assertThat(ending.err()).isEmpty();
    assertThat(ending.code()).isEqualTo(ExitCode.INTERRUPTED);

    CliRun going = CliRun.of(inference, words(line));
    assertThat(going.err()).startsWith("panallama: internal error: ").hasLineCount(1);
    assertThat(going.code()).isEqualTo(ExitCode.FAILURE);
  }

  /** Says on standard error whether the process is ending, before it ends and meanwhile. */
  static final class Ending {
    private Ending() {}

    public static void main(String... arguments) {
      StopSignals signals = SystemStopSignals.whileRegistered();
      PrintStream err = System.err;
      Runtime.getRuntime().addShutdownHook(new Thread(() -> err.print(signals.isEnding())));
      err.print(signals.isEnding() + " ");
      System.exit(0);
    }
  }

  @Test
  void aProcessIsEndingOnceItsHooksRun() throws Exception {
    String path = System.getProperty("java.class.path");
    String modules = System.getProperty("jdk.module.path");
    Path said = folder.resolve("said");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                modules == null ? path : path + File.pathSeparator + modules,
                Ending.class.getName())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(said.toFile())
            .start();
    try {
      assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.readString(said, StandardCharsets.UTF_8)).isEqualTo("false true");
    } finally {
      process.destroyForcibly();
    }
  }
}
