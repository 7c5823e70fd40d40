package io.panallama.cli;

import io.panallama.cli.settings.Nearest;
import io.panallama.cli.settings.Settings;
import io.panallama.cli.settings.SettingsException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code panallama}: parses the command line, runs one command, turns failures into one line and a code. */
@Command(
    name = "panallama",
    description = "Local language models inside the JVM: a chat server and a command line over llama.cpp.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    scope = ScopeType.INHERIT,
    sortOptions = false,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success",
      "1:the machine failed (native libraries, a disk, a decode)",
      "2:what you gave can't be used (an option, a file, a port, a context too large)",
      "130:interrupted by Ctrl-C"
    })
public final class Main implements Runnable {
  /** The beginning of a message about an option. */
  private static final Pattern OPTION = Pattern.compile("--[a-z0-9-]+");

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show llama.cpp's log, and stack traces of failures.")
  private boolean verbose;

  /** Used only for help and completion: Settings needs the file before anything is parsed. */
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = "--config",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "Read option values from this YAML file. Default: $PANALLAMA_CONFIG, else panallama/config.yaml in your"
              + " configuration folder, if it exists.")
  private @Nullable Path config;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final CommandContext context;
  private final Settings settings;
  private final Optional<SettingsException> broken;

  private Main(CommandContext context, String... args) {
    this.context = context;
    Settings read = Settings.of(context.environment().variables());
    Optional<SettingsException> failure = Optional.empty();
    try {
      read = Settings.read(context.environment().variables(), chosenConfig(args), context.environment().configFile());
    } catch (SettingsException unusable) {
      failure = Optional.of(unusable);
    }
    this.settings = read;
    this.broken = failure;
  }

  /** Runs and ends the process. */
  public static void main(String[] args) {
    System.exit(run(CommandContext.system(), args));
  }

  /** Runs one command line and returns the exit code. */
  static int run(CommandContext context, String... args) {
    // picocli's remarks about quotation marks within values, which are taken as they are.
    CommandLine.tracer().setLevel(CommandLine.TraceLevel.OFF);
    Main main = new Main(context, args);
    int code = main.commandLine().execute(args);
    if (context.out().checkError() && code == 0) {
      context.err().println("panallama: the output could not be written; is the disk full, or the pipe closed?");
      return ExitCode.FAILURE;
    }
    return code;
  }

  /** The picocli command line of the whole program. */
  private CommandLine commandLine() {
    CommandLine serve = new CommandLine(new ServeCommand(context));
    LlamaServerOptions.addTo(serve.getCommandSpec());
    // As in llama-server, the last one counts: scripts add to a command line that they were given.
    serve.setOverwrittenOptionsAllowed(true);
    CommandLine program =
        new CommandLine(this)
            .addSubcommand(serve)
            .addSubcommand(new ChatCommand(context))
            .addSubcommand(new RunCommand(context))
            .addSubcommand(new DoctorCommand(context))
            .addSubcommand(new InspectCommand(context))
            .addSubcommand(new QuantizeCommand(context))
            .addSubcommand(new CommandLine(new BenchCommand(context)).addSubcommand(new BenchServeCommand(context)))
            .addSubcommand(new CacheCommand(context))
            .addSubcommand(
                new CommandLine(new ConfigCommand(context, settings, this::commandLine))
                    // Everything after the name of a command belongs to that command.
                    .setStopAtPositional(true))
            .addSubcommand(new CompletionCommand(context))
            .addSubcommand(new HelpCommand());
    return program
        .setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setDefaultValueProvider(settings)
        .setExecutionStrategy(this::execute)
        .setExecutionExceptionHandler((failure, command, _) -> report(command, failure))
        .setParameterExceptionHandler((failure, _) -> reportUsage(failure));
  }

  /** The command line without settings and environment: only the commands and their options. */
  static CommandLine outline(CommandContext context) {
    return new Main(context).commandLine();
  }

  private static Optional<Path> chosenConfig(String... args) {
    List<String> words = Arrays.stream(args).takeWhile(word -> !word.equals("--")).toList();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.startsWith("--config=")) {
        return Optional.of(Path.of(word.substring("--config=".length())));
      }
      if (word.equals("--config") && i + 1 < words.size()) {
        return Optional.of(Path.of(words.get(i + 1)));
      }
    }
    return Optional.empty();
  }

  private int execute(ParseResult parsed) {
    if (!isAboutHelp(parsed)) {
      if (broken.isPresent()) {
        return report(spec.commandLine(), broken.get());
      }
      try {
        settings.requireKnownKeys(spec.commandLine());
      } catch (SettingsException unknown) {
        return report(spec.commandLine(), unknown);
      }
      settings.warnings(spec.commandLine()).forEach(context::warn);
    }
    LogSetup.apply(context.err(), verbose);
    return new CommandLine.RunLast().execute(parsed);
  }

  /** Help and completion work even if the configuration can't be used. */
  private static boolean isAboutHelp(ParseResult parsed) {
    return parsed.asCommandLineList().stream()
        .anyMatch(command ->
            command.isUsageHelpRequested()
                || command.isVersionHelpRequested()
                || command.getCommand() instanceof HelpCommand
                || command.getCommand() instanceof CompletionCommand);
  }

  private int report(CommandLine command, Exception failure) {
    String message = ExitCode.describe(failure);
    context.err().println("panallama: " + message + source(command, message));
    if (verbose) {
      failure.printStackTrace(context.err());
    }
    return ExitCode.of(failure);
  }

  /** Where the value of the option that a message begins with comes from, if not from the command line. */
  private String source(CommandLine command, String message) {
    Matcher name = OPTION.matcher(message);
    if (!name.lookingAt()) {
      return "";
    }
    OptionSpec option = command.getCommandSpec().findOption(name.group());
    ParseResult parsed = command.getParseResult();
    return option == null || parsed != null && parsed.hasMatchedOption(option)
        ? ""
        : settings.of(option).map(setting -> " (" + setting.source() + ")").orElse("");
  }

  private int reportUsage(ParameterException failure) {
    if (broken.isPresent()) {
      return report(failure.getCommandLine(), broken.get());
    }
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    String message = Printable.line(describe(failure));
    context.err().println("panallama: " + message + " (" + command + " --help lists the options)");
    if (verbose) {
      failure.printStackTrace(context.err());
    }
    return ExitCode.USAGE;
  }

  private String describe(ParameterException failure) {
    if (failure instanceof UnmatchedArgumentException unmatched) {
      return describe(unmatched);
    }
    String message =
        String.valueOf(failure.getMessage()).replaceFirst(" is not an? (int|long)$", " is not a whole number in range");
    boolean set = failure.getArgSpec() instanceof OptionSpec option && isSet(option, failure.getValue());
    return set ? message + " (" + settings.of((OptionSpec) failure.getArgSpec()).orElseThrow().source() + ")" : message;
  }

  private boolean isSet(OptionSpec option, @Nullable String value) {
    return value != null && settings.of(option).filter(setting -> setting.value().equals(value)).isPresent();
  }

  private static String describe(UnmatchedArgumentException unmatched) {
    String first = unmatched.getUnmatched().getFirst();
    CommandLine command = unmatched.getCommandLine();
    if (unmatched.isUnknownOption()) {
      String name = first.replaceFirst("=.*", "");
      List<String> names =
          command.getCommandSpec().options().stream()
              .filter(option -> !option.hidden())
              .flatMap(option -> Arrays.stream(option.names()))
              .filter(known -> known.startsWith("--"))
              .toList();
      return "Unknown option: '" + name + "'" + Nearest.question(name, names);
    }
    if (command.getSubcommands().isEmpty()) {
      return "Unexpected argument: '" + first + "'";
    }
    String near = Nearest.question(first, command.getSubcommands().keySet());
    return "Unknown command: '"
        + first
        + "'"
        + (near.isEmpty() ? "; it must be one of " + String.join(", ", command.getSubcommands().keySet()) : near);
  }

  /** Without a command, print the help; this is not an error. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** {@code --version}. */
  static final class Version implements CommandLine.IVersionProvider {
    /** Panallama's own version. */
    static String number() {
      return property("panallama");
    }

    /** The llama.cpp version that the bindings were made for. */
    static String llama() {
      return property("llama");
    }

    @Override
    public String[] getVersion() {
      return new String[] {"panallama " + number() + " (llama.cpp " + llama() + ", Java " + Runtime.version() + ")"};
    }

    private static String property(String name) {
      Properties versions = new Properties();
      try (InputStream in = Main.class.getResourceAsStream("version.properties")) {
        versions.load(in);
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
      return versions.getProperty(name, "unknown");
    }
  }
}
