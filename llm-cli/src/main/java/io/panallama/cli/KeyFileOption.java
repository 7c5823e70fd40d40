package io.panallama.cli;

import io.panallama.server.keys.KeyFile;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --key-file} of the commands that change keys. */
final class KeyFileOption {
  /** The name of the file that is used if none is given. */
  private static final String NAME = "keys.json";

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = "The file of keys. Default: keys.json in the folder of config.yaml.")
  private @Nullable Path file;

  /** The file that was given, or the usual one. */
  KeyFile file(CommandContext context) {
    return file == null ? usual(context) : new KeyFile(file);
  }

  /** Beside the usual configuration file. */
  static KeyFile usual(CommandContext context) {
    return new KeyFile(context.environment().configFile().resolveSibling(NAME));
  }
}
