package io.panallama.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** With a stand-in for npm, which is a script that writes a file and counts its calls. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the stand-in for npm is a shell script")
class PackagesTest {
  @TempDir Path folder;

  @Test
  void aWrongHashStopsTheBuildAndNamesBothHashes() throws Exception {
    Path tarball = tarball();
    String pinned = Base64.getEncoder().encodeToString(new byte[64]);
    String actual = Hashes.sha512Base64(tarball);

    try (Cache cache = Cache.open(folder.resolve("cache"))) {
      Packages packages = new Packages(cache, toolsWithNpmThatBrings(tarball));

      assertThatThrownBy(() -> packages.unpacked(pack(pinned)))
          .isInstanceOf(BuildFailure.class)
          .hasMessageContaining("thing@1.0.0")
          .hasMessageContaining(pinned)
          .hasMessageContaining(actual);
    }
    try (Stream<Path> files = Files.walk(folder.resolve("cache"))) {
      assertThat(files.filter(f -> f.toString().endsWith(".tgz"))).isEmpty();
    }
  }

  @Test
  void aTarballThatWasChangedInTheCacheIsRemovedAndFetchedAgain() throws Exception {
    Path tarball = tarball();
    LockFile.Package pack = pack(Hashes.sha512Base64(tarball));
    Path cached = folder.resolve("cache").resolve("tarballs").resolve(pack.key() + ".tgz");
    Files.createDirectories(cached.getParent());
    Files.writeString(cached, "something else");

    try (Cache cache = Cache.open(folder.resolve("cache"))) {
      Packages packages = new Packages(cache, toolsWithNpmThatBrings(tarball));
      assertThatThrownBy(() -> packages.unpacked(pack)).isInstanceOf(BuildFailure.class);
      assertThat(cached).doesNotExist();

      assertThat(packages.unpacked(pack).resolve("hello.txt")).hasContent("hello");
    }
  }

  @Test
  void aFailureOfNpmIsToldInItsOwnWords() throws Exception {
    Tools tools =
        toolsWithNpm(
            """
            #!/bin/sh
            case "$*" in *silent*) exit 1 ;; esac
            echo 'npm error code E403' >&2
            exit 1
            """);
    try (Cache cache = Cache.open(folder.resolve("cache"))) {
      assertThatThrownBy(() -> new Packages(cache, tools).unpacked(pack(Hashes.sha512Base64(tarball()))))
          .isInstanceOf(BuildFailure.class)
          .hasMessageContaining("fetching thing@1.0.0 failed with exit status 1")
          .hasMessageContaining("npm error code E403");
    }
  }

  @Test
  void nothingIsFetchedTwice() throws Exception {
    Path tarball = tarball();
    LockFile.Package pack = pack(Hashes.sha512Base64(tarball));
    Tools tools = toolsWithNpmThatBrings(tarball);
    for (int i = 0; i < 2; i++) {
      try (Cache cache = Cache.open(folder.resolve("cache"))) {
        assertThat(new Packages(cache, tools).unpacked(pack).resolve("hello.txt")).hasContent("hello");
      }
    }
    assertThat(Files.readAllLines(folder.resolve("npm.calls"))).hasSize(1);
  }

  @Test
  void aPackageWithoutAHashIsNotFetched() throws Exception {
    try (Cache cache = Cache.open(folder.resolve("cache"))) {
      Packages packages = new Packages(cache, toolsWithNpmThatBrings(tarball()));

      assertThatThrownBy(() -> packages.unpacked(new LockFile.Package("thing", "1.0.0", Optional.empty())))
          .isInstanceOf(BuildFailure.class)
          .hasMessageContaining("npm view thing@1.0.0 dist.integrity");
    }
    assertThat(folder.resolve("npm.calls")).doesNotExist();
  }

  @Test
  void allMissingToolsAreNamedAtOnce() {
    Tools tools = new Tools(new Host("linux", "x64"), List.of(folder));

    assertThatThrownBy(() -> tools.requireAll(List.of("npm", "cmake")))
        .isInstanceOf(BuildFailure.class)
        .hasMessageContaining("npm, cmake")
        .hasMessageEndingWith("sudo apt-get install npm cmake ninja-build (Debian, Ubuntu)");
  }

  private static LockFile.Package pack(String hash) {
    return new LockFile.Package("thing", "1.0.0", Optional.of(hash));
  }

  private Path tarball() throws IOException, InterruptedException {
    Path content = Files.createDirectories(folder.resolve("content").resolve("package"));
    Files.writeString(content.resolve("hello.txt"), "hello");
    Path tarball = folder.resolve("thing.tgz");
    new Tools(Host.current())
        .run("packing", content.getParent(), List.of("tar", "-czf", tarball.toString(), "package"));
    return tarball;
  }

  private Tools toolsWithNpmThatBrings(Path tarball) throws IOException {
    return toolsWithNpm(
        """
        #!/bin/sh
        echo "$@" >> '%s'
        cp '%s' thing-1.0.0.tgz
        """
            .formatted(folder.resolve("npm.calls"), tarball));
  }

  private Tools toolsWithNpm(String script) throws IOException {
    Path directory = Files.createDirectories(folder.resolve("tools"));
    Path npm = directory.resolve("npm");
    Files.writeString(npm, script);
    Files.setPosixFilePermissions(npm, PosixFilePermissions.fromString("rwx------"));
    return new Tools(Host.current(), List.of(directory));
  }
}
