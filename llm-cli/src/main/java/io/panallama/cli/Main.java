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
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
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
  /** The options that print the version, by themselves. */
  private static final Set<String> VERSION = Set.of("--version", "-V");

  /** Picocli's message about a value that is no number of the option's type. */
  private static final Pattern NOT_A_NUMBER = Pattern.compile("'([^']*)' is not an? (int|long|float)$");

  /** The commands that are about all the others. */
  private static final Set<String> ABOUT_ALL = Set.of("config", "completion", "help");

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

  /** The arguments, for messages that quote them. */
  private List<String> words;

  private Main(CommandContext context, String... args) {
    this.context = context;
    this.words = List.of(args);
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
    Thread.setDefaultUncaughtExceptionHandler(Main::tell);
    // The first thing of all: until then a signal ends the process as it ends any JVM, with 128 and its number.
    StopSignals signals = isServing(args) ? SystemStopSignals.always() : SystemStopSignals.whileRegistered();
    System.exit(run(CommandContext.system(signals), args));
  }

  /** What ends a thread is told in our words; the JVM's would be a stack trace on standard error. */
  private static void tell(Thread thread, Throwable fault) {
    try {
      System.Logger log = System.getLogger("io.panallama.cli");
      if (fault instanceof OutOfMemoryError) {
        log.log(
            System.Logger.Level.WARNING,
            "The thread "
                + thread.getName()
                + " has ended because the Java heap, "
                + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB at most, ran out of memory (PANALLAMA_JAVA_OPTS=-Xmx4g sets another size).");
      } else {
        log.log(System.Logger.Level.ERROR, "The thread " + thread.getName() + " has ended unexpectedly.", fault);
      }
    } catch (OutOfMemoryError again) {
      // There is no memory for the line either.
      return;
    }
  }

  /** Whether the command is the one whose normal end is a signal. */
  static boolean isServing(String... args) {
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals("--config")) {
        i++;
      } else if (!args[i].startsWith("-")) {
        return args[i].equals("serve");
      }
    }
    return false;
  }

  /** Runs one command line and returns the exit code. */
  static int run(CommandContext context, String... args) {
    int code = args.length == 1 && VERSION.contains(args[0]) ? printVersion(context) : execute(context, args);
    if (context.out().checkError() && code == 0 && !context.signals().isEnding()) {
      context.err().println("panallama: the output could not be written; is the disk full, or the pipe closed?");
      return ExitCode.FAILURE;
    }
    return code;
  }

  private static int execute(CommandContext context, String... args) {
    Optional<String> malformed = ArgumentBytes.refusal(args);
    if (malformed.isPresent()) {
      context.err().println("panallama: " + Printable.line(malformed.get()));
      return ExitCode.USAGE;
    }
    // picocli's remarks about quotation marks within values, which are taken as they are.
    CommandLine.tracer().setLevel(CommandLine.TraceLevel.OFF);
    Main main = new Main(context, args);
    try (EarlyPreparation _ = EarlyPreparation.start(context, main.settings, args)) {
      CommandLine program = main.commandLine(args);
      String[] words = LlamaServerOptions.hyphenated(program, args);
      main.words = List.of(words);
      return program.execute(words);
    }
  }

  /** The answer to {@code --version}, without the descriptions of all commands, which take longer than a JVM to start. */
  private static int printVersion(CommandContext context) {
    context.out().println(Version.line());
    return ExitCode.OK;
  }

  /**
   * The command line for these arguments: that of one command if they begin with its name, because the options of all are
   * described by annotations, and reading those takes longer than the start of a JVM. Settings are checked against the
   * options of all commands, so if there are any, it is the whole program's.
   */
  private CommandLine commandLine(String... args) {
    Map<String, Supplier<CommandLine>> commands = commands();
    boolean single =
        args.length > 0
            && commands.containsKey(args[0])
            && !ABOUT_ALL.contains(args[0])
            && settings.isEmpty()
            && broken.isEmpty();
    return configured(single ? List.of(commands.get(args[0])) : commands.values());
  }

  /** The picocli command line of the whole program. */
  private CommandLine program() {
    return configured(commands().values());
  }

  /** Every command by its name, in the order of the help. */
  private Map<String, Supplier<CommandLine>> commands() {
    Map<String, Supplier<CommandLine>> commands = new LinkedHashMap<>();
    commands.put("serve", this::serve);
    commands.put("chat", () -> new CommandLine(new ChatCommand(context)));
    commands.put("run", () -> new CommandLine(new RunCommand(context)));
    commands.put("embed", () -> new CommandLine(new EmbedCommand(context)));
    commands.put("rerank", () -> new CommandLine(new RerankCommand(context)));
    commands.put("classify", () -> new CommandLine(new ClassifyCommand(context)));
    commands.put("index", () -> new CommandLine(new IndexCommand(context)));
    commands.put("search", () -> new CommandLine(new SearchCommand(context)));
    commands.put("doctor", () -> new CommandLine(new DoctorCommand(context)));
    commands.put("inspect", () -> new CommandLine(new InspectCommand(context)));
    commands.put("quantize", () -> new CommandLine(new QuantizeCommand(context)));
    commands.put("import", () -> new CommandLine(new ImportCommand()).addSubcommand(new ImportOnnxCommand(context)));
    commands.put("pull", () -> new CommandLine(new PullCommand(context)));
    commands.put(
        "bench", () -> new CommandLine(new BenchCommand(context)).addSubcommand(new BenchServeCommand(context)));
    commands.put("profile", () -> new CommandLine(new ProfileCommand(context)));
    commands.put("keys", () -> KeysCommand.with(context));
    commands.put("health", () -> new CommandLine(new HealthCommand(context)));
    commands.put("cache", () -> new CommandLine(new CacheCommand(context)));
    commands.put(
        "config",
        () ->
            new CommandLine(new ConfigCommand(context, settings, this::program))
                // Everything after the name of a command belongs to that command.
                .setStopAtPositional(true));
    commands.put("completion", () -> new CommandLine(new CompletionCommand(context)));
    commands.put("help", () -> new CommandLine(new HelpCommand()));
    return commands;
  }

  private CommandLine serve() {
    CommandLine serve = new CommandLine(new ServeCommand(context));
    LlamaServerOptions.addTo(serve.getCommandSpec());
    // As in llama-server, the last one counts: scripts add to a command line that they were given.
    return serve.setOverwrittenOptionsAllowed(true);
  }

  private CommandLine configured(Collection<Supplier<CommandLine>> commands) {
    CommandLine program = new CommandLine(this);
    commands.forEach(command -> program.addSubcommand(command.get()));
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
    return new Main(context).program();
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
    if (context.signals().isEnding()) {
      return ExitCode.INTERRUPTED;
    }
    String message = asWritten(command, ExitCode.describe(failure));
    context.err().println("panallama: " + message + source(command, message));
    if (verbose) {
      failure.printStackTrace(context.err());
    }
    return ExitCode.of(failure);
  }

  /** A message with the name that the option at its beginning has on the command line. */
  private String asWritten(CommandLine command, String message) {
    Matcher name = OPTION.matcher(message);
    OptionSpec option = name.lookingAt() ? command.getCommandSpec().findOption(name.group()) : null;
    return option == null ? message : asWritten(option) + message.substring(name.end());
  }

  /** The name of an option that was used last; its first long one if it was not used, as in a configuration file. */
  private String asWritten(OptionSpec option) {
    List<String> names = List.of(option.names());
    Optional<String> used =
        words.stream()
            .takeWhile(word -> !word.equals("--"))
            .map(word -> word.replaceFirst("=.*", ""))
            .filter(names::contains)
            .reduce((_, last) -> last);
    return used.orElseGet(
        () -> names.stream().filter(name -> name.startsWith("--")).findFirst().orElse(option.longestName()));
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
    String message = number(failure);
    if (failure.getArgSpec() instanceof OptionSpec named) {
      message = message.replace("'" + named.longestName() + "'", "'" + asWritten(named) + "'");
    }
    boolean set = failure.getArgSpec() instanceof OptionSpec option && isSet(option, failure.getValue());
    return set ? message + " (" + settings.of((OptionSpec) failure.getArgSpec()).orElseThrow().source() + ")" : message;
  }

  /** Picocli's message about a value that is no number of a type, or none that fits into it, without Java's names. */
  private static String number(ParameterException failure) {
    String message = String.valueOf(failure.getMessage());
    Matcher notANumber = NOT_A_NUMBER.matcher(message);
    if (!notANumber.find()) {
      return message;
    }
    String shown = message.substring(0, notANumber.end(1));
    String requirement = OptionRequirements.of(failure);
    if (notANumber.group(2).equals("float")) {
      return shown + "' is not a number" + requirement;
    }
    if (!requirement.isEmpty()) {
      return shown + "' is not a whole number" + requirement;
    }
    boolean isInt = notANumber.group(2).equals("int");
    long lowest = isInt ? Integer.MIN_VALUE : Long.MIN_VALUE;
    long highest = isInt ? Integer.MAX_VALUE : Long.MAX_VALUE;
    String range = notANumber.group(1).matches("[+-]?\\d+") ? " from " + lowest + " to " + highest : "";
    return shown + "' is not a whole number" + range;
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

    /** What {@code --version} prints. */
    static String line() {
      return "panallama " + number() + " (llama.cpp " + llama() + ", Java " + Runtime.version() + ")";
    }

    @Override
    public String[] getVersion() {
      return new String[] {line()};
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
