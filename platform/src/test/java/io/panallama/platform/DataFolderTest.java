package io.panallama.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DataFolderTest {
  @Test
  void isInTheDataFolderOfTheOperatingSystem() {
    assertThat(root("Linux", Map.of())).isEqualTo(Path.of("/home/ada/.local/share/panallama"));
    assertThat(root("Linux", Map.of("HOME", "/other"))).isEqualTo(Path.of("/other/.local/share/panallama"));
    assertThat(root("Mac OS X", Map.of())).isEqualTo(Path.of("/home/ada/Library/Application Support/panallama"));
    assertThat(root("Windows 11", Map.of())).isEqualTo(Path.of("/home/ada/AppData/Roaming/panallama"));
    assertThat(root("Windows 11", Map.of("APPDATA", "/roaming"))).isEqualTo(Path.of("/roaming/panallama"));
  }

  @Test
  void followsTheXdgSpecificationOnLinuxOnly() {
    assertThat(root("Linux", Map.of("XDG_DATA_HOME", "/xdg"))).isEqualTo(Path.of("/xdg/panallama"));
    assertThat(root("Linux", Map.of("XDG_DATA_HOME", "relative")))
        .isEqualTo(Path.of("/home/ada/.local/share/panallama"));
    assertThat(root("Mac OS X", Map.of("XDG_DATA_HOME", "/xdg")))
        .isEqualTo(Path.of("/home/ada/Library/Application Support/panallama"));
  }

  @Test
  void thePropertyGoesBeforeTheVariable() {
    Map<String, String> environment = Map.of("PANALLAMA_DATA_DIR", "data/../other", "XDG_DATA_HOME", "/xdg");
    assertThat(root("Linux", environment)).isEqualTo(Path.of("other").toAbsolutePath());
    assertThat(root("Linux", environment, Map.of("panallama.data.dir", "/property"))).isEqualTo(Path.of("/property"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> root("Linux", Map.of("PANALLAMA_DATA_DIR", "a\0b")))
        .withMessageContaining("panallama.data.dir (PANALLAMA_DATA_DIR) is not a path");
  }

  private static Path root(String system, Map<String, String> environment) {
    return root(system, environment, Map.of());
  }

  private static Path root(String system, Map<String, String> environment, Map<String, String> more) {
    Map<String, String> properties = new HashMap<>(more);
    properties.put("os.name", system);
    properties.put("user.home", "/home/ada");
    return DataFolder.root(properties::get, environment::get);
  }
}
