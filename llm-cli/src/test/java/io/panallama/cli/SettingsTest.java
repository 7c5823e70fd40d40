package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.cli.settings.Settings;
import io.panallama.config.EngineConfig;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Flags, environment variables and the configuration file, through the whole program. */
class SettingsTest {
  @TempDir Path temp;
  private final FakeInference inference = new FakeInference();

  private Environment environment(Map<String, String> variables, String file) throws IOException {
    return new Environment(variables, Files.writeString(temp.resolve("config.yaml"), file));
  }

  private CliRun run(Map<String, String> variables, String file, String line) throws IOException {
    return CliRun.in(environment(variables, file), inference, line.split(" "));
  }

  private EngineConfig engine() {
    return inference.engineConfigs.getLast();
  }

  private GenerationOptions options() {
    return inference.requests.getLast().options();
  }

  @Test
  void flagTakesPrecedenceOverTheEnvironmentAndThatOverTheFile() throws Exception {
    String file = "ctx-size: 1024\nthreads: 1\nbatch-size: 64\n";
    Map<String, String> variables = Map.of("PANALLAMA_THREADS", "2", "PANALLAMA_BATCH_SIZE", "128");

    CliRun run = run(variables, file, "run hi --batch-size 256");

    assertThat(run.err()).isEmpty();
    assertThat(engine().contextSize()).isEqualTo(1024);
    assertThat(engine().threads()).isEqualTo(2);
    assertThat(engine().batchSize()).isEqualTo(256);
  }

  @Test
  void variablesOfLlamaServerSetTheOptionsOfServe() throws Exception {
    Map<String, String> variables =
        Map.of(
            "LLAMA_ARG_PORT", "9999",
            "LLAMA_ARG_N_PARALLEL", "3",
            "LLAMA_ARG_CTX_SIZE", "4096",
            "LLAMA_ARG_THREADS", "2",
            "PANALLAMA_THREADS", "1");

    CliRun run = run(variables, "port: 1\n", "config serve");

    assertThat(run.err()).isEmpty();
    assertThat(run.out().replaceAll(" +", " "))
        .contains(
            "port: 9999 # LLAMA_ARG_PORT", "slots: 3 # LLAMA_ARG_N_PARALLEL", "ctx-size: 4096 # LLAMA_ARG_CTX_SIZE")
        .contains("threads: 1 # PANALLAMA_THREADS");
    assertThat(run(variables, "", "config run").out()).doesNotContain("LLAMA_ARG_CTX_SIZE");
  }

  @Test
  void whatNamesTheCommandTakesPrecedenceOverWhatDoesNot() throws Exception {
    String file = "threads: 1\nbatch-size: 64\nrun:\n  threads: 3\n  max-tokens: 7\nchat:\n  threads: 9\n";
    Map<String, String> variables = Map.of("PANALLAMA_BATCH_SIZE", "128", "PANALLAMA_RUN_BATCH_SIZE", "256");

    run(variables, file, "run hi");

    assertThat(engine().threads()).isEqualTo(3);
    assertThat(engine().batchSize()).isEqualTo(256);
    assertThat(options().maxTokens()).isEqualTo(7);
  }

  @Test
  void listsFlagsAndTextsComeThroughTheFile() throws Exception {
    String file =
        "run:\n  stop: [\"a,b\", \"\\n\"]\n  temperature: 0.25\n  json: true\n  system: \"Be: brief\" # a remark\n";

    CliRun run = run(Map.of(), file, "run hi");

    assertThat(options().stops()).containsExactly("a,b", "\n");
    assertThat(options().sampling().chain()).contains(new Sampler.Temperature(0.25f));
    assertThat(run.out()).startsWith("{\"text\":");
    assertThat(inference.requests.getLast().toString()).contains("Be: brief");
  }

  @Test
  void aListOnTheCommandLineReplacesTheOneOfTheFile() throws Exception {
    run(Map.of(), "run:\n  stop: [a, b]\n", "run hi --stop c --stop d");

    assertThat(options().stops()).containsExactly("c", "d");
  }

  @Test
  void flagsCanBeTurnedOffWhereTheFileTurnsThemOn() throws Exception {
    assertThat(run(Map.of("PANALLAMA_RUN_JSON", "false"), "run:\n  json: true\n", "run hi").out())
        .isEqualTo("Hello there" + System.lineSeparator());
  }

  @Test
  void requiredOptionsMayComeFromSettings() throws Exception {
    CliRun run = run(Map.of("PANALLAMA_BENCH_SERVE_URL", "ftp://x"), "", "bench serve");

    assertThat(run.err()).contains("\"ftp://x\" is not the address of a server");
  }

  @Test
  void benchmarksDoNotDependOnWhatIsSetForAServer() throws Exception {
    CliRun run = run(Map.of("PANALLAMA_PORT", "1"), "model: no-such-file.gguf\nn-prompt: 3\n", "config bench");
    assertThat(run.err()).contains("there is no key 'n-prompt'");

    assertThat(run(Map.of(), "model: no-such-file.gguf\nbench:\n  n-prompt: [3, 4]\n", "config bench").out())
        .contains("  # model: the embedded demo model", "  n-prompt: [3, 4]")
        .doesNotContain("no-such-file");
  }

  @Test
  void aFileCanBeNamedOnTheCommandLineAndInTheEnvironment() throws Exception {
    Path first = Files.writeString(temp.resolve("first.yaml"), "threads: 3\n");
    Path second = Files.writeString(temp.resolve("second.yaml"), "threads: 4\n");
    Environment environment = new Environment(Map.of("PANALLAMA_CONFIG", second.toString()), temp.resolve("none.yaml"));

    CliRun.in(environment, inference, "run", "hi");
    assertThat(engine().threads()).isEqualTo(4);
    CliRun.in(environment, inference, "run", "hi", "--config", first.toString());
    assertThat(engine().threads()).isEqualTo(3);
    CliRun.in(environment, inference, "--config=" + first, "run", "hi");
    assertThat(engine().threads()).isEqualTo(3);
    CliRun missing = CliRun.in(environment, inference, "run", "hi", "--config", "no-such.yaml");
    assertThat(missing.code()).isEqualTo(ExitCode.USAGE);
    assertThat(missing.err()).contains("configuration file no-such.yaml can't be read").hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          prot: 80                        | config.yaml, line 1: there is no key 'prot'; did you mean 'port'?
          threads: 1~serve:~  prot: 80    | line 3: there is no key 'prot' in the section 'serve'; did you mean 'port'?
          srve:~  port: 80                | line 1: there is no key 'srve'; did you mean 'serve'?
          run:~  port: 80                 | line 2: there is no key 'port' in the section 'run'; panallama config run lists
          help: true                      | line 1: there is no key 'help'
          serve: 5                        | line 1: there is no key 'serve'
          threads: 1~threads: 2           | line 2: 'threads' is there a second time.
          threads:                        | line 1: 'threads' has no value.
          - a                             | line 1: the file must consist of KEY: VALUE lines.
          a: [                            | not YAML:
          run:~  stop: [[a]]              | line 2: a single value is expected here.
          """)
  void fileThatCannotBeMeantSoIsRefused(String file, String expected) throws Exception {
    CliRun run = run(Map.of(), file.replace('~', '\n'), "run hi");

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.requests).isEmpty();
  }

  @Test
  void helpIsThereWithABrokenFile() throws Exception {
    assertThat(run(Map.of(), "a: [", "serve --help").code()).isZero();
    assertThat(run(Map.of(), "a: [", "help").code()).isZero();
  }

  @Test
  void emptyFileAndEmptySectionAreNothing() throws Exception {
    assertThat(run(Map.of(), "", "run hi").code()).isZero();
    assertThat(run(Map.of(), "# nothing\nserve:\n", "run hi").code()).isZero();
  }

  @Test
  void valueThatIsRefusedIsNamedWithItsSource() throws Exception {
    assertThat(run(Map.of("PANALLAMA_THREADS", "many"), "", "run hi").err())
        .contains("'many' is not a whole number; it must be 0 to 512 (PANALLAMA_THREADS)");
    assertThat(run(Map.of(), "\nthreads: 5000\n", "run hi").err())
        .contains("--threads is 5000", "(" + temp.resolve("config.yaml") + ", line 2)");
    assertThat(run(Map.of("PANALLAMA_THREADS", "many"), "", "run hi --threads 5000").err())
        .contains("--threads is 5000")
        .doesNotContain("PANALLAMA_THREADS");
  }

  @Test
  void variableThatLooksMisspeltIsWarnedAbout() throws Exception {
    CliRun run = run(Map.of("PANALLAMA_TREADS", "2", "PANALLAMA_SOMETHING_ELSE", "x", "OTHER", "y"), "", "run hi");

    assertThat(run.code()).isZero();
    assertThat(run.err())
        .contains("warning: The environment variable PANALLAMA_TREADS sets nothing; did you mean PANALLAMA_THREADS?")
        .hasLineCount(1);
  }

  @Test
  void variablesOfTheLauncherAndTheLibrariesAreNoOptions() throws Exception {
    Map<String, String> variables =
        Map.of("PANALLAMA_CACHE_DIR", "x", "PANALLAMA_NATIVE_DIR", "x", "PANALLAMA_JAVA_OPTS", "x");

    assertThat(run(variables, "", "config serve").out()).contains("# cache-disk-dir:").doesNotContain("PANALLAMA_");
  }

  private static Stream<CommandLine> commands(CommandLine command) {
    return Stream.concat(
        Stream.of(command), command.getSubcommands().values().stream().flatMap(SettingsTest::commands));
  }

  private static CommandLine program() {
    return Main.outline(CliRun.context(new FakeInference()));
  }

  private static List<OptionSpec> settableOptions(CommandSpec command) {
    return command.options().stream()
        .filter(option -> Settings.key(option).isPresent() && !option.inherited())
        .toList();
  }

  static Stream<String> commandsWithOptions() {
    return commands(program())
        .filter(command -> !settableOptions(command.getCommandSpec()).isEmpty())
        .map(command -> command.getCommandSpec().qualifiedName());
  }

  /** No option is forgotten: each can be set by its variable and by its key in the section of its command. */
  @ParameterizedTest
  @MethodSource("commandsWithOptions")
  void everyOptionOfEveryCommandCanBeSetBothWays(String name) throws Exception {
    CommandSpec command =
        commands(program())
            .map(CommandLine::getCommandSpec)
            .filter(each -> each.qualifiedName().equals(name))
            .findFirst()
            .orElseThrow();
    List<String> sections = List.of(name.split(" ")).subList(1, name.split(" ").length);
    for (OptionSpec option : settableOptions(command)) {
      StringBuilder file = new StringBuilder();
      for (int i = 0; i < sections.size(); i++) {
        file.append("  ".repeat(i)).append(sections.get(i)).append(":\n");
      }
      String key = Settings.key(option).orElseThrow();
      file.append("  ".repeat(sections.size())).append(key).append(": from-file\n");
      Path path = Files.writeString(temp.resolve("one.yaml"), file);

      Settings fromFile = Settings.read(Map.of(), java.util.Optional.of(path), path);
      fromFile.requireKnownKeys(program());
      assertThat(fromFile.of(option).orElseThrow().value()).as(name + " " + key).isEqualTo("from-file");
      for (String variable : Settings.variables(option)) {
        Settings both = Settings.read(Map.of(variable, "from-variable"), java.util.Optional.of(path), path);
        assertThat(both.of(option).orElseThrow().value()).as(name + " " + variable).isEqualTo("from-variable");
      }
      assertThat(Settings.variables(option)).as(name + " " + key).isNotEmpty();
      if (option.isMultiValue()) {
        assertThat(option.splitRegex()).as(name + " " + key + " takes a list of the file").isNotEmpty();
      }
    }
  }

  /** Two options with the same name would be set together, although they may mean different things. */
  @Test
  void aVariableNamesOneOptionOrTheSameOneOfSeveralCommands() {
    Map<String, Set<String>> keys = new HashMap<>();
    commands(program())
        .flatMap(command -> settableOptions(command.getCommandSpec()).stream())
        .forEach(option ->
            Settings.variables(option)
                .forEach(variable ->
                    keys.computeIfAbsent(variable, _ -> new HashSet<>()).add(Settings.key(option).orElseThrow())));

    assertThat(keys.entrySet()).allSatisfy(entry -> assertThat(entry.getValue()).as(entry.getKey()).hasSize(1));
  }

  @Test
  void configRefusesWhatTheCommandWouldRefuse() throws Exception {
    for (String command : List.of("run", "chat", "serve")) {
      CliRun config = run(Map.of(), "threads: 5000\n", "config " + command);
      assertThat(config.code()).isEqualTo(ExitCode.USAGE);
      assertThat(config.out()).contains("threads: 5000", "config.yaml, line 1");
      assertThat(config.err()).contains("--threads is 5000; it must be 0 to 512").hasLineCount(1);
    }
  }

  /** "panallama config" shows the default that the description names. */
  @ParameterizedTest
  @MethodSource("commandsWithOptions")
  void everyOptionThatTakesAValueSaysItsDefault(String name) {
    List<String> silent = new ArrayList<>();
    commands(program())
        .map(CommandLine::getCommandSpec)
        .filter(each -> each.qualifiedName().equals(name))
        .flatMap(each -> settableOptions(each).stream())
        .filter(option -> option.arity().max() > 0 && !option.required())
        .filter(option -> !String.join(" ", option.description()).matches(".*Default: [^.].*"))
        .forEach(option -> silent.add(option.longestName()));

    assertThat(silent).isEmpty();
  }

  @Test
  void configShowsValuesAndTheirSourcesAsAFile() throws Exception {
    Environment environment =
        environment(Map.of("PANALLAMA_SLOTS", "4"), "port: 9000\nserve:\n  alias: [a, 'b c: d']\nmodel: /m.gguf\n");

    CliRun run = CliRun.in(environment, inference, "config", "serve", "--queue", "5", "--no-warmup");

    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines().map(line -> line.replaceAll("(?<=\\S) +#", " #")))
        .contains(
            "# File: " + temp.resolve("config.yaml"),
            "serve:",
            "  port: 9000 # " + temp.resolve("config.yaml") + ", line 1",
            "  slots: 4 # PANALLAMA_SLOTS",
            "  alias: [a, \"b c: d\"] # " + temp.resolve("config.yaml") + ", line 3",
            "  queue: 5 # --queue",
            "  no-warmup: true # --no-warmup",
            "  # host: localhost, which is 127.0.0.1 and ::1, this machine only # default",
            "  # check-tensors: false # default")
        .noneMatch(line -> line.contains("help") || line.contains("version"));

    Path printed = Files.writeString(temp.resolve("printed.yaml"), run.out());
    CliRun again = CliRun.in(CliRun.ENVIRONMENT, inference, "config", "--config", printed.toString());
    assertThat(again.out()).contains("port: 9000", "slots: 4", "queue: 5", "no-warmup: true", "alias: [a, \"b c: d\"]");
  }

  @Test
  void configTellsWhatIsRequiredAndWritesControlCharacters() throws Exception {
    assertThat(run(Map.of(), "", "config bench serve --seed 3").out())
        .contains("bench:\n  serve:\n    # url: not set", "# required", "    seed: 3");
    assertThat(run(Map.of("PANALLAMA_INSPECT_JSON", "true"), "", "config inspect").out()).contains("  json: true");
    assertThat(run(Map.of("PANALLAMA_RUN_STOP", "\n\u001b"), "", "config run").out())
        .contains("  stop: [\"\\n\\u001B\"]");
  }

  @Test
  void configOfNoCommandIsThatOfServe() {
    assertThat(CliRun.of(inference, "config").out()).isEqualTo(CliRun.of(inference, "config", "serve").out());
    assertThat(CliRun.of(inference, "config", "teleport").err()).contains("'teleport' is no command");
    assertThat(CliRun.of(inference, "config", "serve", "--port", "x").err()).contains("'x' is not");
  }

  @Test
  void configHidesKeys() throws Exception {
    assertThat(run(Map.of("PANALLAMA_BENCH_SERVE_API_KEY", "sesame"), "", "config bench serve").out())
        .contains("api-key: \"(hidden)\"")
        .doesNotContain("sesame");
    for (String variable : List.of("PANALLAMA_API_KEY", "PANALLAMA_SERVE_API_KEY", "LLAMA_API_KEY")) {
      assertThat(run(Map.of(variable, "sesame"), "", "config serve").out())
          .contains("api-key: [\"(hidden)\"]", variable)
          .doesNotContain("sesame");
    }
    assertThat(run(Map.of("LLAMA_API_KEY", "open sesame"), "", "serve").err())
        .contains("--api-key")
        .doesNotContain("sesame");
  }
}
