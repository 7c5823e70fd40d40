package io.panallama.bindings;

import static io.panallama.bindings.FakePackage.LINUX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLibraries.Origin;
import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryLoaderTest {
  @TempDir private Path root;
  private final FakePackage packages = new FakePackage().with(LINUX, Backend.CPU);
  private final FakeLinkage linkage = new FakeLinkage();
  private BackendChoice configured = BackendChoice.AUTO;
  private Optional<Path> nativeFolder = Optional.empty();
  private Optional<ProcessLibraries> loadedBefore = Optional.empty();

  @Test
  void takesTheCpuAndSaysWhatCudaLacks() {
    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.backend()).isEqualTo(Backend.CPU);
    assertThat(libraries.cudaObstacle()).contains("the CUDA driver (libcuda.so.1) was not found");
    assertThat(libraries.origin()).isEqualTo(Origin.PACKAGED);
    assertThat(libraries.platform()).isEqualTo("linux-x64");
    assertThat(libraries.llamaVersion()).isEqualTo("0.5.0-dev");
    assertThat(libraries.directory()).isDirectoryContaining("glob:**/libggml-cpu-x64.so");
    assertThat(libraries.toString()).contains("0.5.0-dev", "linux-x64", "CPU", "no CUDA: the CUDA driver");
  }

  @Test
  void loadsInTheOrderOfTheIndexThenRunsTheHookThenStartsTheBackends() {
    load(BackendChoice.AUTO);

    assertThat(linkage.events)
        .containsExactly("load libggml-base.so", "load libllama.so", "load libpanallama.so", "hook", "start");
  }

  @Test
  void takesCudaWhereEverythingIsThere() {
    packages.with(LINUX, Backend.CUDA);
    linkage.withCudaInstalled();

    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.backend()).isEqualTo(Backend.CUDA);
    assertThat(libraries.cudaObstacle()).isEmpty();
    assertThat(linkage.events)
        .contains("trial libpanallama.cuda.so", "load libllama.cuda.so")
        .doesNotContain("load libllama.so");
    assertThat(libraries.directory().getFileName().toString()).startsWith("0.5.0-linux-x64-cuda-");
  }

  @Test
  void namesEachPartThatCudaLacks() {
    packages.with(LINUX, Backend.CUDA);
    linkage.withCudaInstalled().installed.remove("libcudart.so.13");
    assertThat(load(BackendChoice.CUDA).cudaObstacle()).contains("the CUDA runtime (libcudart.so.13) was not found");

    linkage.withCudaInstalled().installed.remove("libcublas.so.13");
    assertThat(load(BackendChoice.CUDA).cudaObstacle()).contains("cuBLAS (libcublas.so.13) was not found");
    assertThat(linkage.events).noneMatch(event -> event.contains("cuda"));
  }

  @Test
  void saysThatTheCudaLibrariesAreNotPackaged() {
    linkage.withCudaInstalled();

    assertThat(load(BackendChoice.CUDA).cudaObstacle())
        .contains("there is no jar of CUDA libraries on the class path or module path (build with -Pcuda)");
  }

  @Test
  void takesTheCpuWhenAskedTo() {
    packages.with(LINUX, Backend.CUDA);
    linkage.withCudaInstalled();

    assertThat(load(BackendChoice.CPU).cudaObstacle()).contains("the CPU was asked for");
    configured = BackendChoice.CPU;
    assertThat(load(BackendChoice.AUTO).backend()).isEqualTo(Backend.CPU);
    assertThat(load(BackendChoice.CUDA).backend()).isEqualTo(Backend.CUDA);
  }

  @Test
  void takesTheCpuWhenTheCudaLibrariesCannotBeOpened() {
    packages.with(LINUX, Backend.CUDA);
    linkage.withCudaInstalled().trialProblem = Optional.of("libllama.cuda.so cannot be opened");

    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.cudaObstacle()).contains("libllama.cuda.so cannot be opened");
    assertThat(linkage.events).contains("load libllama.so").doesNotContain("load libllama.cuda.so");
  }

  @Test
  void takesTheCpuWhenTheCudaLibrariesAreDamagedOrForeign() {
    linkage.withCudaInstalled();
    packages.with(LINUX, Backend.CUDA).put("META-INF/native/linux-x64-cuda/libllama.cuda.so", "?");
    assertThat(load(BackendChoice.AUTO).cudaObstacle().orElseThrow())
        .startsWith("the CUDA libraries cannot be used: libllama.cuda.so in");

    packages.with(LINUX, Backend.CUDA, "0.4.0", 1);
    assertThat(load(BackendChoice.AUTO).cudaObstacle().orElseThrow()).contains("llama.cpp is version 0.4.0");
  }

  @Test
  void computesOnTheCpuWhenCudaFindsNoGpu() {
    packages.with(LINUX, Backend.CUDA);
    linkage.withCudaInstalled().cudaObstacle = Optional.of("CUDA found no usable GPU");

    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.backend()).isEqualTo(Backend.CPU);
    assertThat(libraries.cudaObstacle()).contains("CUDA found no usable GPU");
  }

  @Test
  void needsNoInstalledRuntimeThatIsPackaged() {
    assertThat(
            CudaSupport.obstacle(
                Platform.Os.LINUX, List.of("libcudart.so.13", "libcublas.so.13"), "libcuda.so.1"::equals))
        .isEmpty();
    assertThat(CudaSupport.obstacle(Platform.Os.MAC, List.of(), _ -> true)).isPresent();
  }

  @Test
  void takesWhatAnotherClassLoaderOfTheProcessHasLoaded() throws IOException {
    nativeFolder = Optional.of(folderOfLibraries("own"));
    Path taken = folderOfLibraries("taken");
    loadedBefore = Optional.of(new ProcessLibraries(Origin.PACKAGED, taken));

    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.origin()).isEqualTo(Origin.PACKAGED);
    assertThat(libraries.directory()).isEqualTo(taken);
    assertThat(linkage.events).contains("load libpanallama.so", "hook", "start");
  }

  @Test
  void refusesWhatAnotherClassLoaderHasLoadedIfItDoesNotMatch() throws IOException {
    loadedBefore = Optional.of(new ProcessLibraries(Origin.PACKAGED, folderOfLibraries("taken")));
    linkage.llamaVersion = "0.4.9";

    assertFails(Reason.WRONG_VERSION, "llama.cpp is version 0.4.9");
    assertThat(linkage.events).doesNotContain("hook", "start");
  }

  @Test
  void loadsAFolderOfTheUsersOwn() throws IOException {
    Path folder = folderOfLibraries("own");
    nativeFolder = Optional.of(folder);

    NativeLibraries libraries = load(BackendChoice.AUTO);

    assertThat(libraries.origin()).isEqualTo(Origin.FOLDER);
    assertThat(libraries.directory()).isEqualTo(folder);
    assertThat(libraries.backend()).isEqualTo(Backend.CUDA);
    assertThat(linkage.events)
        .containsExactly(
            "load libggml-base.so", "load libggml.so", "load libllama.so", "load libpanallama.so", "hook", "start");
    assertThat(load(BackendChoice.CPU).backend()).isEqualTo(Backend.CPU);
  }

  @Test
  void saysWhatIsMissingFromTheClassPath() {
    packages.remove("META-INF/native/linux-x64/index.txt");

    assertFails(
        Reason.NOT_FOUND,
        "has no native libraries (META-INF/native/linux-x64/index.txt); put the jar panallama-native for linux-x64");
  }

  @Test
  void saysWhichOtherPlatformIsOnTheClassPath() {
    packages.remove("META-INF/native/linux-x64/index.txt");
    packages.with(new Platform(Platform.Os.MAC, Platform.Arch.ARM64), Backend.CPU);

    assertFails(Reason.WRONG_PLATFORM, "has native libraries for [mac-arm64], but this is linux-x64");
  }

  @Test
  void refusesAnIndexForAnotherPlatform() {
    FakePackage mac = new FakePackage().with(new Platform(Platform.Os.MAC, Platform.Arch.X64), Backend.CPU);
    packages.put(
        "META-INF/native/linux-x64/index.txt",
        new String(mac.files().get("META-INF/native/mac-x64/index.txt"), StandardCharsets.UTF_8));

    assertFails(Reason.WRONG_PLATFORM, "is for mac-x64 (CPU), not for linux-x64 (CPU)");
  }

  @Test
  void refusesAnotherVersionBeforeUnpackingIt() {
    packages.with(LINUX, Backend.CPU, "0.6.0", 1);

    assertFails(Reason.WRONG_VERSION, "the packaged folder META-INF/native/linux-x64: llama.cpp is version 0.6.0");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void startsNothingThatFailedTheCheck() {
    linkage.missingFunctions.add("panallama_decode");

    assertFails(Reason.MISSING_SYMBOL, "panallama_decode");
    assertThat(linkage.events).doesNotContain("hook", "start");
  }

  @Test
  void namesTheLibraryThatCannotBeLoaded() {
    linkage.unloadable = "libllama.so";

    assertFails(Reason.LOAD_FAILED, "libllama.so cannot be loaded");
  }

  private Path folderOfLibraries(String folderName) throws IOException {
    Path folder = Files.createDirectory(root.resolve(folderName));
    for (String name : new String[] {"ggml", "ggml-base", "llama", "panallama", "ggml-cuda"}) {
      Files.write(folder.resolve("lib" + name + ".so"), ElfFileTest.library(62));
    }
    return folder;
  }

  private NativeLibraries load(BackendChoice requested) {
    LoaderSettings settings = new LoaderSettings(nativeFolder, root, configured, false);
    return new LibraryLoader(LINUX, settings, packages, linkage, AbiCheck.ofGenerated(), loadedBefore)
        .load(requested, () -> linkage.events.add("hook"));
  }

  private void assertFails(Reason reason, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> load(BackendChoice.AUTO))
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
