package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.cli.settings.SmallFile;
import io.panallama.server.Endpoint;
import io.panallama.server.ServerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Who may use the server, and which of the routes it has that it need not have. */
final class AccessOptions {
  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Key that each request has to bring, as Authorization: Bearer KEY or x-api-key: KEY; others get 401. Can be"
              + " given several times, or with commas. As an environment variable or in a file it is not shown in the"
              + " list of processes. Default: none, and everybody is let in.")
  private @Nullable List<String> apiKeys;

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description =
          "File with further keys, one in each line; empty lines and those that begin with # are left out. Default:"
              + " none.")
  private @Nullable Path apiKeyFile;

  @Option(
      names = "--metrics",
      converter = Switch.class,
      arity = "0",
      description = "Answer GET /metrics, with counters in Prometheus' text format. Default: off.")
  private boolean metrics;

  @Option(
      names = "--no-slots",
      converter = Switch.class,
      arity = "0",
      description = "Do not answer GET /slots, which tells how many slots are busy.")
  private boolean noSlots;

  @Option(
      names = "--props",
      converter = Switch.class,
      arity = "0",
      description = "Answer POST /props, as llama-server does; it changes nothing. Default: off.")
  private boolean props;

  @Option(
      names = "--admin",
      converter = Switch.class,
      arity = "0",
      description = "Answer /admin/log-level, by which operators change the level of the log. Default: off.")
  private boolean admin;

  @Option(
      names = {"--no-ui", "--no-webui"},
      converter = Switch.class,
      arity = "0",
      description = "Do not serve the chat page.")
  private boolean noPage;

  /**
   * Applies these options.
   *
   * @throws UsageException if a source of keys can't be read or has none
   */
  void configure(ServerConfig.Builder server) {
    Set<Endpoint> endpoints = EnumSet.noneOf(Endpoint.class);
    add(endpoints, Endpoint.METRICS, metrics);
    add(endpoints, Endpoint.SLOTS, !noSlots);
    add(endpoints, Endpoint.PROPS, props);
    add(endpoints, Endpoint.ADMIN, admin);
    add(endpoints, Endpoint.PAGE, !noPage);
    server.endpoints(endpoints).apiKeys(keys());
  }

  private static void add(Set<Endpoint> endpoints, Endpoint one, boolean wanted) {
    if (wanted) {
      endpoints.add(one);
    }
  }

  /** A server that was to have keys and got none would be open to everybody, so that is refused. */
  private Set<String> keys() {
    Set<String> keys = new HashSet<>();
    if (apiKeys != null) {
      ServerOptions.separated(apiKeys).stream().filter(key -> !key.isEmpty()).forEach(keys::add);
      if (keys.isEmpty()) {
        throw new UsageException("--api-key is empty; leave it out to let everybody use the server.");
      }
    }
    if (apiKeyFile != null) {
      List<String> more = new ArrayList<>();
      int number = 0;
      for (String whole : lines(apiKeyFile)) {
        number++;
        String line = whole.strip();
        if (!line.isEmpty() && !line.startsWith("#")) {
          more.add(key(line, number));
        }
      }
      if (more.isEmpty()) {
        throw new UsageException("--api-key-file has no key: " + apiKeyFile + "; write one in each line.");
      }
      keys.addAll(more);
    }
    return keys;
  }

  /** The key itself is not repeated in the error, so that no log has it. */
  private String key(String line, int number) {
    if (!ServerConfig.isApiKey(line)) {
      throw new UsageException(
          "--api-key-file "
              + apiKeyFile
              + " has a key in line "
              + number
              + " that no header can carry; use visible ASCII characters without spaces.");
    }
    return line;
  }

  private static List<String> lines(Path file) {
    try {
      return SmallFile.text(file).lines().toList();
    } catch (SmallFile.Unreadable why) {
      throw new UsageException("--api-key-file can't be read: " + file + ": " + why.getMessage() + ".", why);
    }
  }

  /** A flag in the environment or a file, also in llama-server's spellings. */
  static final class Switch implements ITypeConverter<Boolean> {
    @Override
    public Boolean convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "true", "1", "on", "enabled" -> true;
        case "false", "0", "off", "disabled" -> false;
        default -> throw new TypeConversionException("'" + value + "' is neither true nor false");
      };
    }
  }
}
