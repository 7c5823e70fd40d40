package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.Platform.Os;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {

  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x64",
    "Linux, aarch64, linux-arm64",
    "Mac OS X, aarch64, mac-arm64",
    "Mac OS X, x86_64, mac-x64",
    "Windows 11, amd64, windows-x64",
    "Windows Server 2022, aarch64, windows-arm64",
  })
  void knowsTheNamesThatJavaGives(String osName, String osArch, String id) {
    assertThat(Platform.of(osName, osArch).id()).isEqualTo(id);
  }

  @ParameterizedTest
  @CsvSource({"SunOS, amd64", "Linux, ppc64le", "Linux, x86", "'', ''"})
  void refusesOthersByName(String osName, String osArch) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> Platform.of(osName, osArch))
        .withMessageContaining("'" + osName + "'")
        .withMessageContaining("'" + osArch + "'")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_PLATFORM));
  }

  @Test
  void doesNotDependOnTheLanguage() {
    // In Turkish "WINDOWS".toLowerCase() has no dot on its i.
    assertThat(Platform.of("WINDOWS", "AMD64").id()).isEqualTo("windows-x64");
  }

  @ParameterizedTest
  @CsvSource({
    "LINUX, libggml.v0.5.0.so, ggml",
    "LINUX, libggml-base.so, ggml-base",
    "LINUX, libggml-base.so.0.9.4, ggml-base",
    "LINUX, libllama.cuda.v0.5.0.so, llama",
    "LINUX, libllama.so.0, llama",
    "LINUX, libllama-common.so, llama-common",
    "LINUX, libggml-cpu-x64.so, ggml-cpu-x64",
    "LINUX, llama-addon.node, ''",
    "LINUX, libllama.so.txt, ''",
    "MAC, libllama.0.5.0.dylib, llama",
    "MAC, libpanallama.dylib, panallama",
    "WINDOWS, llama.v0.5.0.dll, llama",
    "WINDOWS, libpanallama.dll, panallama",
  })
  void tellsWhatALibraryIs(Os os, String fileName, String component) {
    assertThat(os.component(fileName)).isEqualTo(component);
  }
}
