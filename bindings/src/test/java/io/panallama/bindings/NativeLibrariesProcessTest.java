package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.panallama.bindings.ChildJvm.Result;
import io.panallama.bindings.child.FreeMain;
import io.panallama.bindings.child.SignaturesMain;
import io.panallama.bindings.child.TwoLoadersMain;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading as a user sees it, in JVMs of its own. */
class NativeLibrariesProcessTest {
  private static final String ACCESS = "--enable-native-access=ALL-UNNAMED";
  private static final String DENY = "--illegal-native-access=deny";

  @TempDir private Path temporary;

  @Test
  void processesThatStartTogetherShareOneFolder() throws Exception {
    List<ChildJvm> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(ChildJvm.start(List.of(ACCESS, DENY, cache(), "-cp", classPath(ChildJvm.natives()))));
    }
    List<Result> results = new ArrayList<>();
    for (ChildJvm child : children) {
      results.add(child.result());
    }

    assertThat(results).allSatisfy(result -> assertThat(result.status()).isZero());
    assertThat(results).extracting(Result::lines).containsOnly(results.getFirst().lines());
    List<String> lines = results.getFirst().lines();
    assertThat(lines).hasSize(4).startsWith("hook").endsWith("loaded true");
    assertThat(lines.get(1)).startsWith("PACKAGED ").isEqualTo(lines.get(2));
    assertThat(folders()).hasSize(1);
  }

  @Test
  void aSecondStartWritesNothing() throws Exception {
    String[] options = {ACCESS, DENY, cache(), "-cp", classPath(ChildJvm.natives())};
    ChildJvm.run(options);
    Path folder = folders().getFirst();
    FileTime old = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    Files.setLastModifiedTime(folder, old);

    assertThat(ChildJvm.run(options).lines()).endsWith("loaded true");
    assertThat(folders()).containsExactly(folder);
    assertThat(Files.getLastModifiedTime(folder)).isEqualTo(old);
  }

  @Test
  void worksAsModulesWithoutNamingTheOneOfTheLibraries() throws Exception {
    Result result =
        ChildJvm.run(
            "-p",
            path(ChildJvm.bindings(), ChildJvm.platform(), ChildJvm.natives()),
            "--add-modules",
            "io.panallama.bindings",
            "--add-exports",
            "io.panallama.bindings/io.panallama.bindings=ALL-UNNAMED",
            "--enable-native-access=io.panallama.bindings",
            DENY,
            cache(),
            "-cp",
            ChildJvm.tests().toString());

    assertThat(result.lines()).endsWith("loaded true");
  }

  @Test
  void signaturesAreLinkedBeforeThereAreLibraries() throws Exception {
    Result result =
        ChildJvm.run(
            SignaturesMain.class,
            ACCESS,
            DENY,
            cacheOfTheBuild(),
            "-Dpanallama.backend=cpu",
            "-cp",
            classPath(ChildJvm.natives()));

    assertThat(result.lines()).containsExactly("loaded false", "devices 1");
  }

  @Test
  void severalClassLoadersOfAProcessShareTheLibraries() throws Exception {
    Result result =
        ChildJvm.run(
            TwoLoadersMain.class,
            ACCESS,
            DENY,
            cacheOfTheBuild(),
            "-Dtest.path=" + classPath(ChildJvm.natives()),
            "-cp",
            ChildJvm.tests().toString());

    assertThat(result.status()).as(result.toString()).isZero();
    assertThat(result.lines()).hasSize(5);
    String first = result.lines().getFirst();
    assertThat(first).startsWith("first: PACKAGED CPU ").contains(", 1 CPU device, log heard");
    assertThat(result.lines().get(1)).isEqualTo(first.replace("first:", "second:"));
    assertThat(result.lines().get(2)).isEqualTo("first: hears the second one's log");
    assertThat(result.lines().get(3)).isEqualTo("first: still works");
    assertThat(result.lines().get(4)).isEqualTo("second: still works");
  }

  @Test
  void withoutMemorySamplersFailAndFreeingDoesNot() throws Exception {
    assumeThat(Platform.current().os()).isEqualTo(Platform.Os.LINUX);

    Result result =
        ChildJvm.run(FreeMain.class, ACCESS, DENY, "-Xint", cacheOfTheBuild(), "-cp", classPath(ChildJvm.natives()));

    assertThat(result.lines())
        .containsExactly(
            "made 3", "without memory: a new template fails", "without memory: a sampler says so", "freed, 0 left");
  }

  @Test
  void namesTheOptionWhenNativeAccessIsForbidden() throws Exception {
    Result result = ChildJvm.run(DENY, cache(), "-cp", classPath(ChildJvm.natives()));

    assertThat(result.lines().getFirst())
        .startsWith("LOAD_FAILED Java forbids native access")
        .contains("--enable-native-access=ALL-UNNAMED");
  }

  @Test
  void loadsAFolderOfTheUsersOwn() throws Exception {
    ChildJvm.run(ACCESS, cache(), "-cp", classPath(ChildJvm.natives()));
    Path folder = folders().getFirst();

    Result result = ChildJvm.run(ACCESS, DENY, "-Dpanallama.native.dir=" + folder, "-cp", classPath());

    assertThat(result.lines().get(1)).startsWith("FOLDER ").endsWith(folder.toString());
  }

  @Test
  void aLibraryThatIsNoneIsATypedFailureAndStaysOne() throws Exception {
    Path packaged = write(new FakePackage().with(Platform.current(), Backend.CPU));

    Result result = ChildJvm.run(ACCESS, cache(), "-cp", classPath(packaged));

    assertThat(result.lines()).hasSize(3).endsWith("loaded false");
    assertThat(result.lines().getFirst()).startsWith("LOAD_FAILED ").contains("libggml-base.so cannot be loaded");
    assertThat(result.lines().get(1)).isEqualTo(result.lines().getFirst());
  }

  @Test
  void aHalfCopiedLibraryDoesNotKillTheProcess() throws Exception {
    assumeThat(Platform.current().os()).isEqualTo(Platform.Os.LINUX);
    ChildJvm.run(ACCESS, cache(), "-cp", classPath(ChildJvm.natives()));
    Path folder = folders().getFirst();
    Path library = folder.resolve("libllama-common.so");
    byte[] bytes = Files.readAllBytes(library);
    Files.write(library, Arrays.copyOf(bytes, 100_000));

    Result result = ChildJvm.run(ACCESS, "-Dpanallama.native.dir=" + folder, "-cp", classPath());

    assertThat(result.lines().getFirst()).startsWith("CORRUPT ").contains("libllama-common.so is truncated");
    assertThat(ChildJvm.run(ACCESS, cache(), "-cp", classPath(ChildJvm.natives())).lines()).endsWith("loaded true");
  }

  @Test
  void aDamagedPackageIsATypedFailureAndStaysOne() throws Exception {
    FakePackage damaged = new FakePackage().with(Platform.current(), Backend.CPU);
    damaged.put(PackagedLibraries.folder(Platform.current(), Backend.CPU) + "/libllama.so", "this is libllama.so?");

    Result result = ChildJvm.run(ACCESS, cache(), "-cp", classPath(write(damaged)));

    assertThat(result.lines().getFirst()).startsWith("CORRUPT libllama.so in the packaged folder");
    assertThat(result.lines().get(1)).isEqualTo(result.lines().getFirst());
  }

  @Test
  void nothingToLoadIsATypedFailure() throws Exception {
    assertThat(ChildJvm.run(ACCESS, cache(), "-cp", classPath()).lines().getFirst())
        .startsWith("NOT_FOUND ")
        .contains("-Dpanallama.native.dir");
    assertThat(ChildJvm.run(ACCESS, "-Dpanallama.native.dir=" + temporary, "-cp", classPath()).lines().getFirst())
        .startsWith("NOT_FOUND ")
        .contains("'ggml-base'");
  }

  @Test
  void aWrongSettingIsNotRemembered() throws Exception {
    Result result = ChildJvm.run(ACCESS, "-Dpanallama.backend=vulkan", cache(), "-cp", classPath(ChildJvm.natives()));

    assertThat(result.lines().getFirst()).contains("IllegalArgumentException", "'vulkan'");
    assertThat(result.status()).isZero();
  }

  /** A folder that other tests have filled already, for programs that would take long to unpack the libraries. */
  private static String cacheOfTheBuild() throws IOException, InterruptedException {
    String option = "-Dpanallama.cache.dir=" + System.getProperty("panallama.cache.dir");
    ChildJvm.run(ACCESS, option, "-cp", classPath(ChildJvm.natives()));
    return option;
  }

  private String cache() {
    return "-Dpanallama.cache.dir=" + temporary.resolve("cache");
  }

  private static String classPath(Path... natives) {
    List<Path> entries = new ArrayList<>(List.of(ChildJvm.bindings(), ChildJvm.platform(), ChildJvm.tests()));
    entries.addAll(List.of(natives));
    return path(entries.toArray(Path[]::new));
  }

  private static String path(Path... entries) {
    return Stream.of(entries).map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }

  private Path write(FakePackage packaged) throws IOException {
    Path root = temporary.resolve("packaged");
    for (Map.Entry<String, byte[]> file : packaged.files().entrySet()) {
      Path path = root.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    return root;
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> entries = Files.list(temporary.resolve("cache/natives"))) {
      return entries.filter(Files::isDirectory).toList();
    }
  }
}
