package io.panallama.platform;

import java.nio.file.Path;
import java.util.Locale;

/**
 * The folder for what a user keeps and Panallama can't make again, such as collections of documents. Only this class knows the rule.
 */
public final class DataFolder {
  private static final String PROPERTY = "panallama.data.dir";
  private static final String VARIABLE = "PANALLAMA_DATA_DIR";

  private DataFolder() {}

  /**
   * The root of this user's data: the system property {@code panallama.data.dir}, else the environment variable {@code
   * PANALLAMA_DATA_DIR}, else {@code panallama} in the user's folder for data of the operating system. That is {@code
   * XDG_DATA_HOME} or {@code ~/.local/share} on Linux, {@code ~/Library/Application Support} on macOS, and {@code APPDATA} or
   * {@code ~/AppData/Roaming} on Windows. {@code ~} is {@link CacheFolder#home}. A blank value counts as unset.
   *
   * @return an absolute path; the folder need not exist
   * @throws IllegalArgumentException if a value is not a path
   */
  public static Path root() {
    return root(System::getProperty, System::getenv);
  }

  /**
   * Applies the rule of {@link #root()} to the given properties and variables.
   *
   * @param properties the system properties; {@code os.name} and {@code user.home} are read too
   * @param environment the environment variables
   * @return an absolute path
   * @throws IllegalArgumentException if a value is not a path
   */
  public static Path root(CacheFolder.Lookup properties, CacheFolder.Lookup environment) {
    String configured = CacheFolder.firstSet(properties.get(PROPERTY), environment.get(VARIABLE));
    if (configured != null) {
      return CacheFolder.path(configured, PROPERTY + " (" + VARIABLE + ")").toAbsolutePath().normalize();
    }
    return systemFolder(properties, environment).resolve("panallama").toAbsolutePath().normalize();
  }

  private static Path systemFolder(CacheFolder.Lookup properties, CacheFolder.Lookup environment) {
    Path home = CacheFolder.home(properties, environment);
    String system = String.valueOf(properties.get("os.name")).toLowerCase(Locale.ROOT);
    if (system.startsWith("windows")) {
      String roaming = CacheFolder.firstSet(environment.get("APPDATA"), null);
      return roaming == null ? home.resolve("AppData").resolve("Roaming") : CacheFolder.path(roaming, "APPDATA");
    }
    if (system.startsWith("mac") || system.startsWith("darwin")) {
      return home.resolve("Library").resolve("Application Support");
    }
    String xdg = CacheFolder.firstSet(environment.get("XDG_DATA_HOME"), null);
    Path folder = xdg == null ? home : CacheFolder.path(xdg, "XDG_DATA_HOME");
    // The XDG base directory specification says to ignore a relative value.
    return xdg != null && folder.isAbsolute() ? folder : home.resolve(".local").resolve("share");
  }
}
