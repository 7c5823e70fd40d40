package io.panallama.platform;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The folder for everything that Panallama can make again: unpacked native libraries, models, and what the build
 * fetched and compiled. Only this class knows the rule.
 */
public final class CacheFolder {
  private static final String PROPERTY = "panallama.cache.dir";
  private static final String VARIABLE = "PANALLAMA_CACHE_DIR";

  private CacheFolder() {}

  /** {@link System#getProperty(String)}, {@link System#getenv(String)} or a stand-in. */
  @FunctionalInterface
  public interface Lookup {
    /**
     * Looks a name up.
     *
     * @param name the name of a property or variable
     * @return its value, or null if it is not set
     */
    @Nullable String get(String name);
  }

  /**
   * The root of this user's caches: the system property {@code panallama.cache.dir}, else the environment variable {@code
   * PANALLAMA_CACHE_DIR}, else {@code panallama} in the user's cache folder of the operating system. That is {@code
   * XDG_CACHE_HOME} or {@code ~/.cache} on Linux, {@code ~/Library/Caches} on macOS, and {@code LOCALAPPDATA} or {@code
   * ~/AppData/Local} on Windows. {@code ~} is {@link #home}. A blank value counts as unset.
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
  public static Path root(Lookup properties, Lookup environment) {
    String configured = firstSet(properties.get(PROPERTY), environment.get(VARIABLE));
    if (configured != null) {
      return path(configured, PROPERTY + " (" + VARIABLE + ")").toAbsolutePath().normalize();
    }
    return systemFolder(properties, environment).resolve("panallama").toAbsolutePath().normalize();
  }

  private static Path systemFolder(Lookup properties, Lookup environment) {
    Path home = home(properties, environment);
    String system = String.valueOf(properties.get("os.name")).toLowerCase(Locale.ROOT);
    if (system.startsWith("windows")) {
      String local = firstSet(environment.get("LOCALAPPDATA"), null);
      return local == null ? home.resolve("AppData").resolve("Local") : path(local, "LOCALAPPDATA");
    }
    if (system.startsWith("mac") || system.startsWith("darwin")) {
      return home.resolve("Library").resolve("Caches");
    }
    String xdg = firstSet(environment.get("XDG_CACHE_HOME"), null);
    Path folder = xdg == null ? home : path(xdg, "XDG_CACHE_HOME");
    // The XDG base directory specification says to ignore a relative value.
    return xdg != null && folder.isAbsolute() ? folder : home.resolve(".cache");
  }

  /**
   * The user's home: {@code HOME} where it is an absolute path, as other programs understand it, and {@code user.home}
   * otherwise, which the JVM takes from the user database. On Windows always {@code user.home}.
   *
   * @param properties the system properties {@code os.name} and {@code user.home}
   * @param environment the environment variables
   * @return the folder, which may be relative if nothing is set
   * @throws IllegalArgumentException if a value is not a path
   */
  public static Path home(Lookup properties, Lookup environment) {
    String variable = firstSet(environment.get("HOME"), null);
    boolean windows = String.valueOf(properties.get("os.name")).toLowerCase(Locale.ROOT).startsWith("windows");
    if (!windows && variable != null && path(variable, "HOME").isAbsolute()) {
      return path(variable, "HOME");
    }
    String property = firstSet(properties.get("user.home"), variable);
    return path(property == null ? "." : property, "user.home");
  }

  static Path path(String value, String what) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(what + " is not a path: " + e.getMessage(), e);
    }
  }

  static @Nullable String firstSet(@Nullable String first, @Nullable String second) {
    if (first != null && !first.isBlank()) {
      return first;
    }
    return second != null && !second.isBlank() ? second : null;
  }
}
