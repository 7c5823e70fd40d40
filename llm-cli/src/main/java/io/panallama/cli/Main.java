package io.panallama.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
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
      "0:done",
      "1:the machine failed (native libraries, a disk, a decode)",
      "2:what you gave can't be used (an option, a file, a port, a context too large)",
      "130:interrupted by Ctrl-C"
    })
public final class Main implements Runnable {
  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show llama.cpp's log, and stack traces of failures.")
  private boolean verbose;

  @Spec private CommandSpec spec = CommandSpec.create();

  private Main() {}

  /** Runs and ends the process. */
  public static void main(String[] args) {
    System.exit(run(CommandContext.system(), args));
  }

  /** Runs one command line and returns the exit code. */
  static int run(CommandContext context, String... args) {
    Main main = new Main();
    CommandLine commandLine =
        new CommandLine(main)
            .addSubcommand(new ServeCommand(context))
            .addSubcommand(new ChatCommand(context))
            .addSubcommand(new RunCommand(context))
            .addSubcommand(new DoctorCommand(context))
            .addSubcommand(new InspectCommand(context))
            .addSubcommand(new QuantizeCommand(context))
            .addSubcommand(new CommandLine(new BenchCommand(context)).addSubcommand(new BenchServeCommand(context)));
    commandLine
        .setOut(new PrintWriter(context.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(context.err(), true, StandardCharsets.UTF_8))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setExecutionStrategy(parsed -> main.execute(context, parsed))
        .setExecutionExceptionHandler((failure, _, _) -> main.report(context, failure))
        .setParameterExceptionHandler((failure, _) -> main.reportUsage(context, failure));
    return commandLine.execute(args);
  }

  private int execute(CommandContext context, ParseResult parsed) {
    LogSetup.apply(context.err(), verbose);
    return new CommandLine.RunLast().execute(parsed);
  }

  private int report(CommandContext context, Exception failure) {
    context.err().println("panallama: " + ExitCode.describe(failure));
    if (verbose) {
      failure.printStackTrace(context.err());
    }
    return ExitCode.of(failure);
  }

  private int reportUsage(CommandContext context, ParameterException failure) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    String message = Printable.line(describe(failure));
    context.err().println("panallama: " + message + " (" + command + " --help lists the options)");
    if (verbose) {
      failure.printStackTrace(context.err());
    }
    return ExitCode.USAGE;
  }

  private static String describe(ParameterException failure) {
    if (failure instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
      String first = "'" + unmatched.getUnmatched().getFirst() + "'";
      Set<String> commands = unmatched.getCommandLine().getSubcommands().keySet();
      return commands.isEmpty()
          ? "Unexpected argument: " + first
          : "Unknown command: " + first + "; it must be one of " + String.join(", ", commands);
    }
    return String.valueOf(failure.getMessage())
        .replaceFirst(" is not an? (int|long)$", " is not a whole number in range");
  }

  /** No command given. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "a command is needed: " + String.join(", ", spec.subcommands().keySet()));
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
