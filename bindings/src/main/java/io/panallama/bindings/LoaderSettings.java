package io.panallama.bindings;

import io.panallama.platform.CacheFolder;
import io.panallama.platform.CacheFolder.Lookup;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The user's settings for loading. A system property takes precedence over its environment variable; a blank value counts
 * as unset.
 *
 * @param nativeFolder the folder of the user's own libraries: {@code panallama.native.dir}, {@code PANALLAMA_NATIVE_DIR}
 * @param cacheRoot the root below which packaged libraries are unpacked: {@link CacheFolder#root()}
 * @param backend {@code panallama.backend}, {@code PANALLAMA_BACKEND}
 * @param verify whether unpacked files are hashed again at every start: {@code panallama.native.verify}
 */
record LoaderSettings(Optional<Path> nativeFolder, Path cacheRoot, BackendChoice backend, boolean verify) {

  /**
   * Reads the settings of this process.
   *
   * @throws IllegalArgumentException if a setting has a value that is not allowed
   */
  static LoaderSettings current() {
    return of(System::getProperty, System::getenv);
  }

  /** Reads the settings through the given lookups, which return null for what is not set. */
  static LoaderSettings of(Lookup properties, Lookup environment) {
    Optional<Path> nativeFolder =
        first(properties.get("panallama.native.dir"), environment.get("PANALLAMA_NATIVE_DIR"))
            .map(value -> path(value, "panallama.native.dir (PANALLAMA_NATIVE_DIR)"));
    Path cacheRoot = CacheFolder.root(properties, environment);
    BackendChoice backend =
        first(properties.get("panallama.backend"), environment.get("PANALLAMA_BACKEND"))
            .map(value -> BackendChoice.parse(value, "panallama.backend (PANALLAMA_BACKEND)"))
            .orElse(BackendChoice.AUTO);
    boolean verify = Boolean.parseBoolean(properties.get("panallama.native.verify"));
    return new LoaderSettings(nativeFolder, cacheRoot, backend, verify);
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
