package io.panallama.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
  @Test
  void isInTheCacheFolderOfTheOperatingSystem() {
    assertThat(root("Linux", Map.of())).isEqualTo(Path.of("/home/ada/.cache/panallama"));
    assertThat(root("FreeBSD", Map.of())).isEqualTo(Path.of("/home/ada/.cache/panallama"));
    assertThat(root("Mac OS X", Map.of())).isEqualTo(Path.of("/home/ada/Library/Caches/panallama"));
    assertThat(root("Windows 11", Map.of())).isEqualTo(Path.of("/home/ada/AppData/Local/panallama"));
    assertThat(root("Windows 11", Map.of("LOCALAPPDATA", "/local"))).isEqualTo(Path.of("/local/panallama"));
  }

  @Test
  void followsTheXdgSpecificationOnLinuxOnly() {
    assertThat(root("Linux", Map.of("XDG_CACHE_HOME", "/xdg"))).isEqualTo(Path.of("/xdg/panallama"));
    assertThat(root("Mac OS X", Map.of("XDG_CACHE_HOME", "/xdg")))
        .isEqualTo(Path.of("/home/ada/Library/Caches/panallama"));
  }

  @Test
  void ignoresARelativeXdgFolder() {
    assertThat(root("Linux", Map.of("XDG_CACHE_HOME", "relative"))).isEqualTo(Path.of("/home/ada/.cache/panallama"));
  }

  /** HOME may differ from the home that the JVM finds in the user database, and users mean HOME. */
  @Test
  void followsHomeExceptOnWindows() {
    Map<String, String> environment = Map.of("HOME", "/other");
    assertThat(root("Linux", environment)).isEqualTo(Path.of("/other/.cache/panallama"));
    assertThat(root("Mac OS X", environment)).isEqualTo(Path.of("/other/Library/Caches/panallama"));
    assertThat(root("Windows 11", environment)).isEqualTo(Path.of("/home/ada/AppData/Local/panallama"));
    for (String unusable : new String[] {"", " ", "relative"}) {
      assertThat(root("Linux", Map.of("HOME", unusable))).isEqualTo(Path.of("/home/ada/.cache/panallama"));
    }
  }

  @Test
  void theSystemPropertyGoesBeforeTheVariableAndBothBeforeTheOperatingSystem() {
    Map<String, String> environment = Map.of("PANALLAMA_CACHE_DIR", "/variable", "XDG_CACHE_HOME", "/xdg");
    assertThat(root("Linux", environment)).isEqualTo(Path.of("/variable"));
    assertThat(root("Linux", environment, Map.of("panallama.cache.dir", "/property"))).isEqualTo(Path.of("/property"));
  }

  @Test
  void aBlankValueCountsAsUnset() {
    Map<String, String> environment = Map.of("PANALLAMA_CACHE_DIR", " ", "XDG_CACHE_HOME", "");
    assertThat(root("Linux", environment, Map.of("panallama.cache.dir", "")))
        .isEqualTo(Path.of("/home/ada/.cache/panallama"));
  }

  @Test
  void isAbsoluteAndNormal() {
    assertThat(root("Linux", Map.of("PANALLAMA_CACHE_DIR", "caches/../other")))
        .isEqualTo(Path.of("other").toAbsolutePath());
  }

  @Test
  void namesAValueThatIsNotAPath() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> root("Linux", Map.of("PANALLAMA_CACHE_DIR", "a\0b")))
        .withMessageContaining("panallama.cache.dir (PANALLAMA_CACHE_DIR) is not a path");
  }

  private static Path root(String system, Map<String, String> environment) {
    return root(system, environment, Map.of());
  }

  private static Path root(String system, Map<String, String> environment, Map<String, String> more) {
    Map<String, String> properties = new HashMap<>(more);
    properties.put("os.name", system);
    properties.put("user.home", "/home/ada");
    return CacheFolder.root(properties::get, environment::get);
  }
}
