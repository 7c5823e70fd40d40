package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.panallama.bindings.Platform.Os;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoaderSettingsTest {
  private static final Map<String, String> HOME = Map.of("user.home", "/home/ada");

  @Test
  void defaultsToTheUsersCacheFolder() {
    LoaderSettings settings = settings(Os.LINUX, HOME, Map.of());

    assertThat(settings.nativeFolder()).isEmpty();
    assertThat(settings.cacheRoot()).isEqualTo(Path.of("/home/ada/.cache/panallama"));
    assertThat(settings.backend()).isEqualTo(BackendChoice.AUTO);
    assertThat(settings.verify()).isFalse();
  }

  @Test
  void followsTheCacheRulesOfEachSystem() {
    assertThat(settings(Os.LINUX, HOME, Map.of("XDG_CACHE_HOME", "/var/xdg")).cacheRoot())
        .isEqualTo(Path.of("/var/xdg/panallama"));
    assertThat(settings(Os.LINUX, HOME, Map.of("XDG_CACHE_HOME", "relative")).cacheRoot())
        .isEqualTo(Path.of("/home/ada/.cache/panallama"));
    assertThat(settings(Os.MAC, HOME, Map.of()).cacheRoot()).isEqualTo(Path.of("/home/ada/Library/Caches/panallama"));
    assertThat(settings(Os.WINDOWS, HOME, Map.of("LOCALAPPDATA", "/local")).cacheRoot())
        .isEqualTo(Path.of("/local/panallama"));
  }

  @Test
  void aPropertyGoesBeforeTheVariableAndBlankIsUnset() {
    Map<String, String> environment =
        Map.of("PANALLAMA_CACHE_DIR", "/env/cache", "PANALLAMA_NATIVE_DIR", "/env/native", "PANALLAMA_BACKEND", "CPU");

    LoaderSettings variables = settings(Os.LINUX, Map.of("panallama.cache.dir", " "), environment);
    assertThat(variables)
        .isEqualTo(
            new LoaderSettings(Optional.of(Path.of("/env/native")), Path.of("/env/cache"), BackendChoice.CPU, false));

    Map<String, String> properties =
        Map.of(
            "panallama.cache.dir", "/p/cache",
            "panallama.native.dir", "/p/native",
            "panallama.backend", "cuda",
            "panallama.native.verify", "true");
    assertThat(settings(Os.LINUX, properties, environment))
        .isEqualTo(
            new LoaderSettings(Optional.of(Path.of("/p/native")), Path.of("/p/cache"), BackendChoice.CUDA, true));
  }

  @Test
  void refusesAnUnknownBackend() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(Os.LINUX, Map.of("panallama.backend", "vulkan"), Map.of()))
        .withMessage("panallama.backend (PANALLAMA_BACKEND) is 'vulkan'; allowed are auto, cpu and cuda");
  }

  private static LoaderSettings settings(Os os, Map<String, String> properties, Map<String, String> environment) {
    return LoaderSettings.of(os, properties::get, environment::get);
  }
}
