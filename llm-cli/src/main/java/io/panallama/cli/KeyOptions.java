package io.panallama.cli;

import io.panallama.server.ServerConfig;
import io.panallama.server.keys.KeyFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which file of keys the server uses. */
final class KeyOptions {
  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description =
          "File of keys that \"panallama keys\" makes, of which each request has to bring one; a change of it holds at"
              + " once. Default: keys.json in the folder of config.yaml, if it exists.")
  private @Nullable Path file;

  @Option(
      names = "--no-keys",
      converter = AccessOptions.Switch.class,
      arity = "0",
      description = "Use no file of keys, even if the usual one exists.")
  private boolean off;

  /**
   * Applies these options.
   *
   * @throws UsageException if they exclude each other, or there is no such file
   * @throws io.panallama.server.keys.KeyFileException if the file can't be used
   */
  ServerConfig.Builder configure(CommandContext context, ServerConfig.Builder server) {
    Optional<KeyFile> chosen = chosen(context);
    chosen.ifPresent(KeyFile::read);
    return chosen.map(keys -> server.keyFile(keys.path())).orElse(server);
  }

  private Optional<KeyFile> chosen(CommandContext context) {
    if (off) {
      if (file != null) {
        throw new UsageException("--no-keys and --key-file exclude each other; leave one of them out.");
      }
      return Optional.empty();
    }
    if (file == null) {
      return Optional.of(KeyFileOption.usual(context)).filter(KeyFile::exists);
    }
    KeyFile given = new KeyFile(file);
    if (!given.exists()) {
      throw new UsageException(
          "--key-file has no such file: " + file + "; panallama keys create --key-file " + file + " makes it.");
    }
    return Optional.of(given);
  }

  /** What the server says of its keys when it begins; empty if it has no file of them. */
  static Optional<String> summary(ServerConfig config) {
    return config
        .keyFile()
        .map(KeyFile::new)
        .map(file -> file.read().active(Instant.now()) + " active in " + Printable.line(file.path().toString()));
  }
}
