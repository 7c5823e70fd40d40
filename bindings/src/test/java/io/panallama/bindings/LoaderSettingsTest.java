package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.panallama.platform.CacheFolder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoaderSettingsTest {
  private static final Map<String, String> HOME = Map.of("user.home", "/home/ada");

  @Test
  void withoutSettingsEverythingHasItsDefault() {
    LoaderSettings settings = settings(HOME, Map.of());

    assertThat(settings.nativeFolder()).isEmpty();
    assertThat(settings.cacheRoot()).isEqualTo(CacheFolder.root(HOME::get, name -> null));
    assertThat(settings.backend()).isEqualTo(BackendChoice.AUTO);
    assertThat(settings.verify()).isFalse();
  }

  @Test
  void aPropertyGoesBeforeTheVariableAndBlankIsUnset() {
    Map<String, String> environment =
        Map.of("PANALLAMA_CACHE_DIR", "/env/cache", "PANALLAMA_NATIVE_DIR", "/env/native", "PANALLAMA_BACKEND", "CPU");

    LoaderSettings variables = settings(Map.of("panallama.cache.dir", " "), environment);
    assertThat(variables)
        .isEqualTo(
            new LoaderSettings(Optional.of(Path.of("/env/native")), Path.of("/env/cache"), BackendChoice.CPU, false));

    Map<String, String> properties =
        Map.of(
            "panallama.cache.dir", "/p/cache",
            "panallama.native.dir", "/p/native",
            "panallama.backend", "cuda",
            "panallama.native.verify", "true");
    assertThat(settings(properties, environment))
        .isEqualTo(
            new LoaderSettings(Optional.of(Path.of("/p/native")), Path.of("/p/cache"), BackendChoice.CUDA, true));
  }

  @Test
  void refusesAnUnknownBackend() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> settings(Map.of("panallama.backend", "vulkan"), Map.of()))
        .withMessage("panallama.backend (PANALLAMA_BACKEND) is 'vulkan'; allowed are auto, cpu and cuda");
  }

  private static LoaderSettings settings(Map<String, String> properties, Map<String, String> environment) {
    return LoaderSettings.of(properties::get, environment::get);
  }
}
