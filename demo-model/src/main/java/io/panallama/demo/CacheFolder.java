package io.panallama.demo;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where this user's caches live; the rule is the same for the unpacked native libraries. */
public final class CacheFolder {
  private CacheFolder() {}

  /**
   * The root of Panallama's caches: {@code -Dpanallama.cache.dir}, else {@code PANALLAMA_CACHE_DIR}, else {@code
   * panallama} in the system's cache folder of this user.
   */
  public static Path root() {
    return root(System::getProperty, System::getenv);
  }

  static Path root(Lookup properties, Lookup environment) {
    String configured = firstSet(properties.get("panallama.cache.dir"), environment.get("PANALLAMA_CACHE_DIR"));
    if (configured != null) {
      return Path.of(configured);
    }
    UnaryOperator<String> home = below -> properties.get("user.home") + below;
    String system = String.valueOf(properties.get("os.name")).toLowerCase(Locale.ROOT);
    String parent;
    if (system.startsWith("windows")) {
      parent = firstSet(environment.get("LOCALAPPDATA"), home.apply("/AppData/Local"));
    } else if (system.startsWith("mac")) {
      parent = home.apply("/Library/Caches");
    } else {
      parent = firstSet(environment.get("XDG_CACHE_HOME"), home.apply("/.cache"));
    }
    return Path.of(parent, "panallama");
  }

  private static @Nullable String firstSet(@Nullable String first, @Nullable String second) {
    return first != null && !first.isBlank() ? first : second;
  }

  /** A property or an environment variable by name. */
  @FunctionalInterface
  interface Lookup {
    @Nullable String get(String name);
  }
}
