package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  private final FakeInference inference = new FakeInference();

  @Test
  void outputThatCanNotBeWrittenIsAFailure() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    CommandContext nowhere = CliRun.context(inference);
    CommandContext context =
        new CommandContext(
            nowhere.in(),
            new PrintStream(full, true, StandardCharsets.UTF_8),
            new PrintStream(errors, true, StandardCharsets.UTF_8),
            nowhere.terminals(),
            nowhere.environment(),
            inference,
            nowhere.signals());

    assertThat(Main.run(context, "--help")).isEqualTo(1);
    assertThat(errors.toString(StandardCharsets.UTF_8)).contains("the output could not be written");
  }

  @Test
  void helpListsCommandsAndExitCodes() {
    CliRun run = CliRun.of(inference, "--help");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains(
            "serve",
            "chat",
            "run",
            "doctor",
            "inspect",
            "quantize",
            "import",
            "pull",
            "bench",
            "health",
            "cache",
            "config",
            "completion")
        .contains("help", "Exit codes:", "130");
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "serve",
        "chat",
        "run",
        "doctor",
        "inspect",
        "quantize",
        "import",
        "import onnx",
        "pull",
        "bench",
        "bench serve",
        "health",
        "cache",
        "cache clean",
        "config",
        "completion"
      })
  void everyCommandHasHelpWithExitCodes(String command) {
    CliRun run = CliRun.of(inference, (command + " --help").split(" "));

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("Usage: panallama " + command, "--verbose", "Exit codes:");
  }

  @Test
  void versionNamesPanallamaLlamaAndJava() {
    CliRun run = CliRun.of(inference, "--version");

    assertThat(run.code()).isZero();
    assertThat(run.out()).matches("panallama \\d+\\.\\d+\\.\\d+\\S* \\(llama\\.cpp \\d+\\.\\d+\\.\\d+, Java .+\\)\\R");
  }

  @Test
  void versionLoadsNeitherLibrariesNorTheOptionsOfCommands(@TempDir Path temp) throws Exception {
    Path log = temp.resolve("classes");
    String path = System.getProperty("java.class.path");
    String modules = System.getProperty("jdk.module.path");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:file=" + log,
                "-cp",
                modules == null ? path : path + File.pathSeparator + modules,
                Main.class.getName(),
                "--version")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).isZero();
    assertThat(out).startsWith("panallama ");
    assertThat(Files.readString(log))
        .contains("io.panallama.cli.Main ")
        .doesNotContain("io.panallama.bindings.", "com.fasterxml.", "io.helidon.", "io.panallama.cli.ServeCommand ")
        .doesNotContain("CommandReflection ", "java.util.logging.LogManager ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          run --temprature 1 hi | Unknown option: '--temprature'; did you mean
          serve sevre           | Unexpected argument: 'sevre'
          """)
  void commandAloneFindsFaultsLikeTheWholeProgram(String line, String expected) {
    Environment setting = new Environment(Map.of("PANALLAMA_RUN_SEED", "1"), Path.of("no-such-folder", "config.yaml"));

    CliRun alone = CliRun.of(inference, line.split(" "));

    assertThat(alone.code()).isEqualTo(ExitCode.USAGE);
    assertThat(alone.err()).contains(expected).isEqualTo(CliRun.in(setting, inference, line.split(" ")).err());
    assertThat(CliRun.of(inference, "run", "--help").out())
        .isEqualTo(CliRun.in(setting, inference, "run", "--help").out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "help", "--help"})
  void helpNeedsNoCommand(String line) {
    CliRun run = CliRun.of(inference, line.isEmpty() ? new String[0] : new String[] {line});

    assertThat(run.code()).isZero();
    assertThat(run.out()).startsWith("Usage: panallama").contains("Commands:", "serve");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void helpExplainsACommand() {
    assertThat(CliRun.of(inference, "help", "serve").out()).isEqualTo(CliRun.of(inference, "serve", "--help").out());
    assertThat(CliRun.of(inference, "help", "nothing").code()).isEqualTo(ExitCode.USAGE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sevre                    | Unknown command: 'sevre'; did you mean 'serve'?
          bench sreve              | Unknown command: 'sreve'; did you mean 'serve'?
          teleport                 | Unknown command: 'teleport'; it must be one of serve, chat, run
          run hi --temprature 1    | Unknown option: '--temprature'; did you mean '--temperature'?
          serve --prot=80          | Unknown option: '--prot'; did you mean '--port'?
          serve --no-such-option=x | Unknown option: '--no-such-option' (
          """)
  void misspeltWordIsNamedWithTheOneThatWasProbablyMeant(String line, String expected) {
    CliRun run = CliRun.of(inference, line.split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("panallama: " + expected).hasLineCount(1);
  }

  @Test
  void completionKnowsCommandsAndOptions() throws Exception {
    CliRun run = CliRun.of(inference, "completion", "bash");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("complete -F _complete_panallama", "serve", "--cache-ram", "bashcompinit");
    assertThat(CliRun.of(inference, "completion", "zsh").out()).isEqualTo(run.out());
    assertThat(CliRun.of(inference, "completion", "csh").err()).contains("'csh' is none of bash, zsh").hasLineCount(1);
  }

  @Test
  void aFileThatCantBeReadIsNamedWithoutClassesOfJava(@TempDir Path folder) {
    CliRun missing = CliRun.of(inference, "run", "hi", "--chat-template", folder.resolve("nothing").toString());
    CliRun directory = CliRun.of(inference, "run", "hi", "--chat-template", folder.toString());

    assertThat(missing.code()).isEqualTo(ExitCode.USAGE);
    assertThat(missing.err())
        .contains(folder.resolve("nothing") + " can't be read: there is no such file.")
        .hasLineCount(1);
    assertThat(directory.code()).isEqualTo(ExitCode.USAGE);
    assertThat(directory.err()).contains(folder + " can't be read: it is a directory.").hasLineCount(1);
    assertThat(missing.err() + directory.err()).doesNotContain("java.", "Exception");
  }

  @Test
  void exceptionsThatMessagesQuoteLoseTheirClasses() {
    Path file = Path.of("a.gguf");
    assertThat(ExitCode.describe(new NoSuchFileException("a.gguf"))).isEqualTo("a.gguf: there is no such file");
    assertThat(ExitCode.describe(new UncheckedIOException(new AccessDeniedException("a.gguf"))))
        .isEqualTo("a.gguf: permission denied");
    assertThat(ExitCode.describe(new UsageException(file + " can't be read: " + new NoSuchFileException("a.gguf"))))
        .isEqualTo("a.gguf can't be read: there is no such file: a.gguf");
    assertThat(ExitCode.describe(new UsageException("can't be read (" + new IOException("Is a directory") + ")")))
        .isEqualTo("can't be read (Is a directory)");
  }

  static Stream<Arguments> badOptions() {
    return Stream.of(
        Arguments.of("--no-such-option", "--no-such-option"),
        Arguments.of("--ctx-size=many", "'many' is not a whole number; it must be "),
        Arguments.of("--ctx-size=3000000000", "'3000000000' is not a whole number; it must be "),
        Arguments.of("--top-k=3000000000", "'3000000000' is not a whole number from -2147483648 to 2147483647"),
        Arguments.of("--temperature=warm", "'warm' is not a number; it must be 0"),
        Arguments.of("--seed=x", "'x' is not a whole number"),
        Arguments.of("surplus", "There are two prompts: --input and \"surplus\"."),
        Arguments.of("--ctx-size=-5", "--ctx-size is -5"),
        Arguments.of("--gpu-layers=-7", "--gpu-layers is -7"),
        Arguments.of("--gpu-layers=most", "'--gpu-layers': 'most'"),
        Arguments.of("--n-gpu-layers most", "'--n-gpu-layers': 'most'"),
        Arguments.of("-ngl most", "'-ngl': 'most'"),
        Arguments.of("-ngl -7", "panallama: -ngl is -7"),
        Arguments.of("--n-gpu-layers=-7", "panallama: --n-gpu-layers is -7"),
        Arguments.of("--threads=5000", "--threads is 5000"),
        Arguments.of("--batch-size=4 --ubatch-size=8", "--ubatch-size is 8; it must be at most --batch-size, 4."),
        Arguments.of("--backend=tpu", "auto, cpu, cuda"),
        Arguments.of("--kv-type=f12", "'f12' is none of f32, f16"),
        Arguments.of("--flash-attn=maybe", "auto, on, off"),
        Arguments.of("--load-mode=teleport", "mmap"),
        Arguments.of("--temperature=-1", "--temperature is -1.0"),
        Arguments.of("--top-p=2", "--top-p is 2.0"),
        Arguments.of("--max-tokens=0", "--max-tokens is 0"),
        Arguments.of("--max-tokens=-5", "--max-tokens is -5; it must be at least 1, or -1 for no limit."),
        Arguments.of("--seed=-2", "--seed is -2"),
        Arguments.of("--stop=", "--stop is empty; every stop needs"),
        Arguments.of("--time-limit=0", "'--time-limit': '0' is not larger than 0 and at most 1000000000"),
        Arguments.of("--time-limit=NaN", "'NaN' is not larger than 0"),
        Arguments.of("--time-limit=2000000000", "'2000000000' is not larger than 0"),
        Arguments.of("--time-limit=soon", "'soon' is not a number of seconds"),
        Arguments.of("--overflow=slide", "reject, stop, shift"),
        Arguments.of("--keep=5", "--keep needs --overflow shift"),
        Arguments.of("--overflow=stop --keep=5", "--keep needs --overflow shift"),
        Arguments.of("--overflow=shift --keep=-1", "--keep is -1; it must be 0 or more"));
  }

  @ParameterizedTest
  @MethodSource("badOptions")
  void badOptionIsOneLineAndExitCode2(String options, String expected) {
    String[] args = ("run --input hi " + options).split(" ");

    CliRun run = CliRun.of(inference, args);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.open).isZero();
  }

  static Stream<Arguments> failures() {
    Path file = Path.of("bad.gguf");
    return Stream.of(
        Arguments.of(new ModelLoadException(ModelLoadException.Reason.TRUNCATED, file, "bad.gguf ends early", null), 2),
        Arguments.of(new ModelLoadException(ModelLoadException.Reason.CANCELLED, file, "stopped", null), 130),
        Arguments.of(
            new EngineStartException(EngineStartException.Reason.INSUFFICIENT_MEMORY, "needs 900 GiB", null), 2),
        Arguments.of(new EngineStartException(EngineStartException.Reason.PROCESS_DIED, "it has died", null), 1),
        Arguments.of(new NativeLibraryException(NativeLibraryException.Reason.NOT_FOUND, "no libraries", null), 1),
        Arguments.of(new GenerationException(GenerationException.Reason.DECODE_FAILED, "decode failed", null), 1));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failureIsOneLineWithItsExitCode(RuntimeException failure, int code) {
    inference.startFailure = Optional.of(failure);

    CliRun run = CliRun.of(inference, "run", "--input", "hi");

    assertThat(run.code()).isEqualTo(code);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).isEqualTo("panallama: " + failure.getMessage() + System.lineSeparator());
  }

  @Test
  void aLimitOfAnEnginesProcessIsNamedAsAnOption() {
    inference.startFailure =
        Optional.of(
            new EngineStartException(
                EngineStartException.Reason.INSUFFICIENT_MEMORY, "memoryBytes is 5 bytes, too little", null));

    CliRun run = CliRun.of(inference, "run", "--input", "hi");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).isEqualTo("panallama: --worker-memory is 5 bytes, too little" + System.lineSeparator());
  }

  @Test
  void messageFromAHostileFileIsOneLineWithoutControlCharacters() {
    String message = "unknown architecture \u001b]0;owned\u0007\nsecond line";
    inference.startFailure =
        Optional.of(
            new ModelLoadException(
                ModelLoadException.Reason.UNSUPPORTED_ARCHITECTURE, Path.of("x.gguf"), message, null));

    CliRun run = CliRun.of(inference, "run", "--input", "hi");

    assertThat(run.err().strip()).isEqualTo("panallama: unknown architecture \\x1b]0;owned\\x07 second line");
  }

  @Test
  void verboseAddsTheStackTrace() {
    inference.startFailure =
        Optional.of(new NativeLibraryException(NativeLibraryException.Reason.NOT_FOUND, "no libraries", null));

    CliRun run = CliRun.of(inference, "run", "-v", "--input", "hi");

    assertThat(run.err()).startsWith("panallama: no libraries").contains("at io.panallama.cli");
  }

  @Test
  void unexpectedExceptionIsMarkedInternal() {
    inference.startFailure = Optional.of(new IllegalStateException("impossible"));

    CliRun run = CliRun.of(inference, "run", "--input", "hi");

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).startsWith("panallama: internal error: ").contains("impossible", "-v").hasLineCount(1);
  }
}
