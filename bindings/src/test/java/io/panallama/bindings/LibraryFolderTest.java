package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.Platform.Arch;
import io.panallama.bindings.Platform.Os;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryFolderTest {
  @TempDir private Path folder;

  @Test
  void ordersWhatLlamaCppsOwnBuildGives() throws IOException {
    files("libpanallama.so", "libllama-common.so", "libggml-cpu.so", "libggml-cuda.so", "README.md");
    for (String name : new String[] {"libggml-base", "libggml", "libllama"}) {
      files(name + ".so.0.5.0");
      Files.createSymbolicLink(folder.resolve(name + ".so.0"), Path.of(name + ".so.0.5.0"));
      Files.createSymbolicLink(folder.resolve(name + ".so"), Path.of(name + ".so.0"));
    }

    assertThat(LibraryFolder.loadOrder(folder, FakePackage.LINUX))
        .extracting(file -> file.getFileName().toString())
        .containsExactly(
            "libggml-base.so.0.5.0", "libggml.so.0.5.0", "libllama.so.0.5.0", "libllama-common.so", "libpanallama.so");
  }

  @Test
  void doesWithoutASeparateCommonLibrary() throws IOException {
    files("ggml-base.dll", "ggml.dll", "llama.dll", "panallama.dll");

    assertThat(LibraryFolder.loadOrder(folder, new Platform(Os.WINDOWS, Arch.X64))).hasSize(4);
  }

  @Test
  void namesTheLibraryThatIsMissing() throws IOException {
    files("libggml-base.so", "libggml.so", "libllama.so");

    assertNotFound(folder, "has no library 'panallama'");
  }

  @Test
  void refusesTwoBuildsInOneFolder() throws IOException {
    files("libggml-base.so", "libggml.so", "libllama.v0.5.0.so", "libllama.cuda.v0.5.0.so", "libpanallama.so");

    assertNotFound(folder, "several libraries 'llama'");
  }

  @Test
  void refusesAnyLibraryThatTheLinkerWouldDieOf() throws IOException {
    files("libggml-base.so", "libggml.so", "libllama.so", "libpanallama.so");
    byte[] backend = ElfFileTest.library(62);
    Files.write(folder.resolve("libggml-cpu-x64.so"), Arrays.copyOf(backend, backend.length - 1));

    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> LibraryFolder.loadOrder(folder, FakePackage.LINUX))
        .withMessageContaining("libggml-cpu-x64.so is truncated")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
  }

  @Test
  void namesAFolderThatDoesNotExist() {
    assertNotFound(folder.resolve("nowhere"), "PANALLAMA_NATIVE_DIR");
  }

  private void files(String... names) throws IOException {
    for (String name : names) {
      Files.write(folder.resolve(name), ElfFileTest.library(62));
    }
  }

  private static void assertNotFound(Path folder, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> LibraryFolder.loadOrder(folder, FakePackage.LINUX))
        .withMessageContaining(folder.toString())
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
  }
}
