package io.panallama.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {
  private static Path root(Map<String, String> properties, Map<String, String> environment) {
    return CacheFolder.root(properties::get, environment::get);
  }

  @Test
  void propertyWinsOverEnvironment() {
    Map<String, String> environment = Map.of("PANALLAMA_CACHE_DIR", "/environment", "XDG_CACHE_HOME", "/xdg");

    assertThat(root(Map.of("panallama.cache.dir", "/property"), environment)).isEqualTo(Path.of("/property"));
    assertThat(root(Map.of("os.name", "Linux"), environment)).isEqualTo(Path.of("/environment"));
  }

  @Test
  void linuxFollowsXdg() {
    Map<String, String> properties = Map.of("os.name", "Linux", "user.home", "/home/ada");

    assertThat(root(properties, Map.of("XDG_CACHE_HOME", "/xdg"))).isEqualTo(Path.of("/xdg/panallama"));
    assertThat(root(properties, Map.of("XDG_CACHE_HOME", ""))).isEqualTo(Path.of("/home/ada/.cache/panallama"));
  }

  @Test
  void macAndWindowsUseTheirOwnFolders() {
    assertThat(root(Map.of("os.name", "Mac OS X", "user.home", "/Users/ada"), Map.of()))
        .isEqualTo(Path.of("/Users/ada/Library/Caches/panallama"));
    assertThat(root(Map.of("os.name", "Windows 11", "user.home", "/u"), Map.of("LOCALAPPDATA", "/local")))
        .isEqualTo(Path.of("/local/panallama"));
  }
}
