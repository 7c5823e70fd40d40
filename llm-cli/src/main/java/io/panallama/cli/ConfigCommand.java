package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.cli.settings.Nearest;
import io.panallama.cli.settings.Setting;
import io.panallama.cli.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;

/**
 * {@code panallama config}: the value of every option of a command, and where it comes from. The output is itself a
 * configuration file, in which the defaults are comments.
 */
@Command(
    name = "config",
    description = {
      "Show the value of every option of a command, and where it comes from.",
      "A flag takes precedence over an environment variable PANALLAMA_..., and that over the configuration file."
    },
    customSynopsis = "panallama config [--config=FILE] [COMMAND [OPTIONS OF COMMAND]]")
final class ConfigCommand implements Callable<Integer> {
  private static final String USUAL_COMMAND = "serve";

  /** Finds the default in the description of an option. */
  private static final Pattern DEFAULT = Pattern.compile("[Dd]efault:? (.+?)\\.?$");

  /** Values that YAML reads unchanged without quotation marks, even in a list. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9./_]([A-Za-z0-9./_ +-]|:(?=[A-Za-z0-9./_]))*(?<! )");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int VALUE_WIDTH = 40;

  private final CommandContext context;
  private final Settings settings;

  @Parameters(
      arity = "0..*",
      paramLabel = "COMMAND [OPTIONS OF COMMAND]",
      description = "The command, as it would be called. Default: serve.")
  private List<String> words = List.of();

  private final Supplier<CommandLine> fresh;

  /**
   * @param settings the values that are set outside the command line
   * @param fresh makes a program to parse another command line with
   */
  ConfigCommand(CommandContext context, Settings settings, Supplier<CommandLine> fresh) {
    this.context = context;
    this.settings = settings;
    this.fresh = fresh;
  }

  @Override
  public Integer call() {
    List<String> line = new ArrayList<>(words.isEmpty() ? List.of(USUAL_COMMAND) : words);
    CommandLine program = fresh.get();
    if (!program.getSubcommands().containsKey(line.getFirst())) {
      throw new UsageException(
          "'"
              + line.getFirst()
              + "' is no command"
              + Nearest.question(line.getFirst(), program.getSubcommands().keySet()));
    }
    ParseResult parsed;
    Set<String> missing = new HashSet<>();
    try {
      parsed = parse(program, line);
    } catch (MissingParameterException incomplete) {
      // A placeholder stands in for the required parameters that are not given.
      for (ArgSpec argument : incomplete.getMissing()) {
        if (argument instanceof OptionSpec option) {
          missing.add(option.longestName());
          line.add(option.longestName() + "=?");
        } else {
          line.add("?");
        }
      }
      parsed = parse(fresh.get(), line);
    } catch (ParameterException refused) {
      throw new UsageException(String.valueOf(refused.getMessage()), refused);
    }
    print(parsed, missing);
    // After the list, which says where a value comes from.
    if (missing.isEmpty() && parsed.commandSpec().userObject() instanceof CheckedOptions command) {
      command.checkOptions();
    }
    return ExitCode.OK;
  }

  private static ParseResult parse(CommandLine program, List<String> line) {
    ParseResult parsed = program.parseArgs(line.toArray(String[]::new));
    while (parsed.hasSubcommand()) {
      parsed = parsed.subcommand();
    }
    return parsed;
  }

  private void print(ParseResult parsed, Set<String> missing) {
    CommandSpec command = parsed.commandSpec();
    context.out().println("# " + command.qualifiedName() + ": the values that hold, and where they come from.");
    context
        .out()
        .println(
            "# File: "
                + settings
                    .file()
                    .map(Object::toString)
                    .orElse("none; the usual one would be " + context.environment().configFile()));
    String indent = "";
    for (String word : command.qualifiedName(" ").split(" ")) {
      if (!word.equals(command.root().name())) {
        context.out().println(indent + word + ":");
        indent += "  ";
      }
    }
    for (OptionSpec option : command.options()) {
      Optional<String> key = Settings.key(option);
      if (key.isPresent() && !option.inherited()) {
        boolean given = parsed.hasMatchedOption(option) && !missing.contains(option.longestName());
        print(indent, key.get(), option, given ? parsed.matchedOption(option.longestName()) : null);
      }
    }
  }

  private void print(String indent, String key, OptionSpec option, @Nullable OptionSpec given) {
    Optional<Setting> setting = settings.of(option);
    if (given != null) {
      line(indent + key + ": " + value(given.originalStringValues(), option), option.longestName());
    } else if (setting.isPresent()) {
      List<String> values =
          option.isMultiValue()
              ? List.of(setting.get().value().split(Pattern.quote(Settings.SEPARATOR)))
              : List.of(setting.get().value());
      line(indent + key + ": " + value(values, option), setting.get().source());
    } else {
      line(indent + "# " + key + ": " + standard(option), option.required() ? "required" : "default");
    }
  }

  private void line(String assignment, String source) {
    String safe = Printable.line(assignment.stripTrailing());
    String indented = " ".repeat(assignment.length() - assignment.stripLeading().length()) + safe.stripLeading();
    context.out().println(String.format("%-" + VALUE_WIDTH + "s # %s", indented, source));
  }

  private static String value(List<String> values, OptionSpec option) {
    if (values.isEmpty()) {
      return "true";
    }
    // Secrets are not printed to a screen or a log.
    boolean secret = option.longestName().endsWith("key");
    List<String> quoted = values.stream().map(each -> secret ? "\"(hidden)\"" : quote(each)).toList();
    return option.isMultiValue() ? quoted.toString() : quoted.getFirst();
  }

  /** As a YAML scalar: plain, or as JSON writes it. */
  private static String quote(String text) {
    if (PLAIN.matcher(text).matches() && !text.equalsIgnoreCase("null")) {
      return text;
    }
    try {
      return JSON.writeValueAsString(text);
    } catch (JsonProcessingException impossible) {
      throw new AssertionError("A text can be written as JSON.", impossible);
    }
  }

  private static String standard(OptionSpec option) {
    if (option.arity().max() == 0) {
      return "false";
    }
    Matcher told = DEFAULT.matcher(String.join(" ", Arrays.asList(option.description())));
    return told.find() ? told.group(1) : "not set";
  }
}
