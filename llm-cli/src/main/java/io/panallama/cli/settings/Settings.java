package io.panallama.cli.settings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The values of options from the environment and the configuration file. picocli asks it for every option that is not
 * on the command line; the environment takes precedence over the file. Immutable.
 */
public final class Settings implements IDefaultValueProvider {
  /** Separates the values of an option that may be given several times; for its {@code split}. */
  public static final String SEPARATOR = OptionKeys.SEPARATOR;

  private final Map<String, String> environment;
  private final Optional<ConfigFile> file;
  private final boolean empty;

  private Settings(Map<String, String> environment, Optional<ConfigFile> file) {
    this.environment = environment;
    this.file = file;
    this.empty =
        file.stream().allMatch(config -> config.entries().isEmpty())
            && environment.keySet().stream().noneMatch(OptionKeys::isSetting);
  }

  /** Settings without a file. */
  public static Settings of(Map<String, String> environment) {
    return new Settings(environment, Optional.empty());
  }

  /**
   * Settings with the requested file, else the one that {@code PANALLAMA_CONFIG} names, else {@code usual} if it
   * exists.
   *
   * @throws SettingsException if the file can't be read
   */
  public static Settings read(Map<String, String> environment, Optional<Path> chosen, Path usual) {
    Optional<Path> named =
        chosen.or(() ->
            Optional.ofNullable(environment.get("PANALLAMA_CONFIG")).filter(name -> !name.isBlank()).map(Path::of));
    Optional<Path> path = named.or(() -> Optional.of(usual).filter(Files::isRegularFile));
    return new Settings(environment, path.map(ConfigFile::read));
  }

  /** The file that is used. */
  public Optional<Path> file() {
    return file.map(ConfigFile::path);
  }

  /** Whether nothing is set and nothing looks like a setting. */
  public boolean isEmpty() {
    return empty;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    // picocli asks for every option of a command, mostly in vain.
    return !empty && argument instanceof OptionSpec option ? of(option).map(Setting::value).orElse(null) : null;
  }

  /** The value that is set for an option outside the command line. */
  public Optional<Setting> of(OptionSpec option) {
    if (!OptionKeys.isSettable(option)) {
      return Optional.empty();
    }
    return OptionKeys.variables(option).stream()
        .flatMap(name -> Optional.ofNullable(environment.get(name)).map(value -> new Setting(value, name)).stream())
        .findFirst()
        .or(() -> fromFile(option));
  }

  private Optional<Setting> fromFile(OptionSpec option) {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    ConfigFile config = file.get();
    List<String> keys = OptionKeys.keys(option);
    Optional<ConfigFile.Entry> entry = config.find(OptionKeys.owner(option), keys);
    if (entry.isEmpty() && OptionKeys.isGeneral(option)) {
      entry = config.find("", keys);
    }
    return entry
        .filter(found -> !found.values().isEmpty())
        .map(found -> new Setting(String.join(separator(option), found.values()), config.position(found)));
  }

  private static String separator(OptionSpec option) {
    return option.splitRegex().isEmpty() ? "," : option.splitRegex();
  }

  /**
   * Refuses keys of the file that no command has.
   *
   * @throws SettingsException for the first one; it names the nearest key
   */
  public void requireKnownKeys(CommandLine program) {
    file.ifPresent(config -> requireKnownKeys(config, config.entries(), program));
  }

  private static void requireKnownKeys(ConfigFile config, List<ConfigFile.Entry> entries, CommandLine command) {
    String name = OptionKeys.command(command.getCommandSpec());
    Set<String> keys = new TreeSet<>();
    (name.isEmpty() ? options(command).filter(OptionKeys::isGeneral) : command.getCommandSpec().options().stream())
        .filter(OptionKeys::isSettable)
        .forEach(option -> keys.addAll(OptionKeys.keys(option)));
    for (ConfigFile.Entry entry : entries) {
      CommandLine below = command.getSubcommands().get(entry.key());
      if (below != null && (entry.isMap() || entry.values().isEmpty())) {
        requireKnownKeys(config, entry.children(), below);
      } else if (keys.contains(entry.key())) {
        if (entry.values().isEmpty()) {
          throw new SettingsException(config.position(entry) + ": '" + entry.key() + "' has no value.", null);
        }
      } else {
        List<String> known = new ArrayList<>(keys);
        if (entry.isMap()) {
          known.addAll(command.getSubcommands().keySet());
        }
        String where = name.isEmpty() ? "" : " in the section '" + name + "'";
        String near = Nearest.question(entry.key(), known);
        String advice =
            near.isEmpty() ? "; panallama config" + (name.isEmpty() ? "" : " " + name) + " lists the keys." : near;
        throw new SettingsException(
            config.position(entry) + ": there is no key '" + entry.key() + "'" + where + advice, null);
      }
    }
  }

  /** A line for each environment variable that looks like a misspelt setting. */
  public List<String> warnings(CommandLine program) {
    List<String> ours = environment.keySet().stream().filter(OptionKeys::isOurs).sorted().toList();
    if (ours.isEmpty()) {
      return List.of();
    }
    Set<String> known =
        options(program)
            .filter(OptionKeys::isSettable)
            .flatMap(option -> OptionKeys.variables(option).stream())
            .collect(Collectors.toSet());
    return ours.stream()
        .filter(name -> !known.contains(name))
        .flatMap(name ->
            Nearest.to(name, known).filter(near -> Nearest.distance(name, near) <= 2).stream()
                .map(near -> "The environment variable " + name + " sets nothing; did you mean " + near + "?"))
        .toList();
  }

  /** The key of an option in its section of the file; empty if settings can't give it a value. */
  public static Optional<String> key(OptionSpec option) {
    return OptionKeys.isSettable(option) ? Optional.of(OptionKeys.keys(option).getFirst()) : Optional.empty();
  }

  /** The environment variables that set an option, the one that takes precedence first. */
  public static List<String> variables(OptionSpec option) {
    return OptionKeys.isSettable(option) ? OptionKeys.variables(option) : List.of();
  }

  private static Stream<OptionSpec> options(CommandLine command) {
    return Stream.concat(
        command.getCommandSpec().options().stream(),
        command.getSubcommands().values().stream().flatMap(Settings::options));
  }
}
