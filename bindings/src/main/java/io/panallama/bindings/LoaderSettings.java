package io.panallama.bindings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the user may set about loading. A system property goes before the environment variable; empty counts as unset.
 *
 * @param nativeFolder a folder of the user's own libraries: {@code panallama.native.dir}, {@code PANALLAMA_NATIVE_DIR}
 * @param cacheRoot where packaged libraries are unpacked: {@code panallama.cache.dir}, {@code PANALLAMA_CACHE_DIR},
 *     otherwise the operating system's place for caches
 * @param backend {@code panallama.backend}, {@code PANALLAMA_BACKEND}
 * @param verify whether unpacked files are hashed again at every start: {@code panallama.native.verify}
 */
record LoaderSettings(Optional<Path> nativeFolder, Path cacheRoot, BackendChoice backend, boolean verify) {

  /**
   * Reads the settings of this process.
   *
   * @throws IllegalArgumentException if one has a value that is not allowed
   */
  static LoaderSettings current(Platform.Os os) {
    return of(os, System::getProperty, System::getenv);
  }

  /** Reads the settings through the given lookups, which return null for what is not set. */
  static LoaderSettings of(Platform.Os os, Lookup properties, Lookup environment) {
    Optional<Path> nativeFolder =
        first(properties.get("panallama.native.dir"), environment.get("PANALLAMA_NATIVE_DIR"))
            .map(value -> path(value, "panallama.native.dir (PANALLAMA_NATIVE_DIR)"));
    Path cacheRoot =
        first(properties.get("panallama.cache.dir"), environment.get("PANALLAMA_CACHE_DIR"))
            .map(value -> path(value, "panallama.cache.dir (PANALLAMA_CACHE_DIR)"))
            .orElseGet(() -> defaultCacheRoot(os, properties, environment));
    BackendChoice backend =
        first(properties.get("panallama.backend"), environment.get("PANALLAMA_BACKEND"))
            .map(value -> BackendChoice.parse(value, "panallama.backend (PANALLAMA_BACKEND)"))
            .orElse(BackendChoice.AUTO);
    boolean verify = Boolean.parseBoolean(properties.get("panallama.native.verify"));
    return new LoaderSettings(nativeFolder, cacheRoot, backend, verify);
  }

  /** {@link System#getProperty(String)} or {@link System#getenv(String)}. */
  @FunctionalInterface
  interface Lookup {
    @Nullable String get(String name);
  }

  private static Path defaultCacheRoot(Platform.Os os, Lookup properties, Lookup environment) {
    Path home = Path.of(first(properties.get("user.home"), environment.get("HOME")).orElse("."));
    UnaryOperator<Path> ours = folder -> folder.resolve("panallama").toAbsolutePath().normalize();
    return switch (os) {
      // The XDG base directory specification: a relative value is to be ignored.
      case LINUX ->
          ours.apply(
              first(environment.get("XDG_CACHE_HOME"), null)
                  .map(Path::of)
                  .filter(Path::isAbsolute)
                  .orElse(home.resolve(".cache")));
      case MAC -> ours.apply(home.resolve("Library").resolve("Caches"));
      case WINDOWS ->
          ours.apply(
              first(environment.get("LOCALAPPDATA"), null)
                  .map(Path::of)
                  .orElse(home.resolve("AppData").resolve("Local")));
    };
  }

  private static Path path(String value, String what) {
    try {
      return Path.of(value).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(what + " is not a path: " + e.getMessage(), e);
    }
  }

  private static Optional<String> first(@Nullable String property, @Nullable String variable) {
    if (property != null && !property.isBlank()) {
      return Optional.of(property);
    }
    return variable != null && !variable.isBlank() ? Optional.of(variable) : Optional.empty();
  }
}
