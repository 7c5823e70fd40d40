package io.panallama.cli;

import io.panallama.platform.CacheFolder;
import java.nio.file.Path;
import java.util.Map;

/**
 * The environment of the process.
 *
 * @param variables the environment variables
 * @param configFile the configuration file that is read if it exists and none is named
 */
record Environment(Map<String, String> variables, Path configFile) {
  /** The file is {@code panallama/config.yaml} in the user's folder for configuration. */
  static Environment system() {
    return of(
        System.getenv(),
        CacheFolder.home(System::getProperty, System::getenv).toString(),
        System.getProperty("os.name", ""));
  }

  static Environment of(Map<String, String> variables, String home, String os) {
    String xdg = variables.getOrDefault("XDG_CONFIG_HOME", "");
    String appData = variables.getOrDefault("APPDATA", "");
    Path folder;
    if (os.startsWith("Windows") && !appData.isBlank()) {
      folder = Path.of(appData);
    } else if (!xdg.isBlank() && Path.of(xdg).isAbsolute()) {
      folder = Path.of(xdg);
    } else {
      folder = Path.of(home, ".config");
    }
    return new Environment(variables, folder.resolve("panallama").resolve("config.yaml"));
  }
}
