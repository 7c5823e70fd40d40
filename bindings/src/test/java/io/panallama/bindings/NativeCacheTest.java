package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
  private static final String FOLDER = "META-INF/native/linux-x64/";
  private static final String LIBRARY = "libllama.so";

  @TempDir private Path root;
  private final FakePackage packages = new FakePackage().with(FakePackage.LINUX, Backend.CPU);

  @Test
  void unpacksEveryFileAndTheIndex() throws IOException {
    Path folder = unpack(false);

    assertThat(folder.getParent()).isEqualTo(root.resolve("natives"));
    assertThat(folder.getFileName().toString()).matches("0\\.5\\.0-linux-x64-[0-9a-f]{16}");
    assertThat(names(folder))
        .containsExactlyInAnyOrder(
            "index.txt", "libggml-base.so", LIBRARY, "libpanallama.so", "libggml-cpu-x64.so", "LICENSE llama.cpp");
    assertThat(folder.resolve(LIBRARY)).hasContent(FakePackage.content(LIBRARY));
    assertNoLeftovers();
  }

  @Test
  void writesNothingWhenTheFolderIsThere() throws IOException {
    Path folder = unpack(false);
    FileTime old = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
    Files.setLastModifiedTime(folder, old);
    Files.setLastModifiedTime(folder.resolve(LIBRARY), old);
    Files.delete(root.resolve("natives/.lock"));

    assertThat(unpack(false)).isEqualTo(folder);
    assertThat(Files.getLastModifiedTime(folder)).isEqualTo(old);
    assertThat(Files.getLastModifiedTime(folder.resolve(LIBRARY))).isEqualTo(old);
    assertThat(root.resolve("natives/.lock")).doesNotExist();
  }

  @Test
  void anotherIndexGetsAnotherFolder() {
    Path folder = unpack(false);
    packages.with(FakePackage.LINUX, Backend.CPU, "0.5.0", 99);

    assertThat(unpack(false)).isNotEqualTo(folder);
    assertThat(folder).exists();
  }

  @Test
  void repairsAMissingFile() throws IOException {
    Files.delete(unpack(false).resolve(LIBRARY));

    assertThat(unpack(false).resolve(LIBRARY)).hasContent(FakePackage.content(LIBRARY));
    assertNoLeftovers();
  }

  @Test
  void repairsATruncatedFile() throws IOException {
    Files.writeString(unpack(false).resolve(LIBRARY), "this");

    assertThat(unpack(false).resolve(LIBRARY)).hasContent(FakePackage.content(LIBRARY));
    assertNoLeftovers();
  }

  @Test
  void seesChangedContentOnlyWhenAskedToVerify() throws IOException {
    String changed = FakePackage.content(LIBRARY).toUpperCase(Locale.ROOT);
    Files.writeString(unpack(false).resolve(LIBRARY), changed);

    assertThat(unpack(false).resolve(LIBRARY)).hasContent(changed);
    assertThat(unpack(true).resolve(LIBRARY)).hasContent(FakePackage.content(LIBRARY));
  }

  @Test
  void refusesAPackagedFileWithAnotherHash() throws IOException {
    packages.put(FOLDER + LIBRARY, FakePackage.content(LIBRARY).replace("this", "that"));

    assertFails(Reason.CORRUPT, LIBRARY + " in the packaged folder META-INF/native/linux-x64 is damaged: its SHA-256");
    assertNoLeftovers();
  }

  @Test
  void refusesAPackagedFileThatIsTooShort() throws IOException {
    packages.put(FOLDER + LIBRARY, "this");

    assertFails(Reason.CORRUPT, "it should have 19 bytes and has 4");
    assertNoLeftovers();
  }

  @Test
  void refusesAPackagedFileThatIsTooLong() throws IOException {
    packages.put(FOLDER + LIBRARY, FakePackage.content(LIBRARY) + "!");

    assertFails(Reason.CORRUPT, "it should have 19 bytes and has at least 20");
    assertNoLeftovers();
  }

  @Test
  void namesAFileThatIsNotPackaged() {
    packages.remove(FOLDER + LIBRARY);

    assertFails(Reason.CORRUPT, FOLDER + LIBRARY + " is in the index but not in the jar");
  }

  @Test
  void namesTheSettingWhenTheCacheCannotBeWritten() throws IOException {
    Files.writeString(root.resolve("natives"), "a file where the folder should be");

    assertFails(Reason.LOAD_FAILED, "-Dpanallama.cache.dir or PANALLAMA_CACHE_DIR");
  }

  @Test
  void removesOnlyWhatWasAbandonedLongAgo() throws IOException {
    Path natives = root.resolve("natives");
    Path abandoned = Files.createDirectories(natives.resolve(".tmp-abandoned"));
    Files.writeString(abandoned.resolve("libllama.so"), "half");
    Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
    Path inUse = Files.createDirectories(natives.resolve(".tmp-in-use"));

    unpack(false);

    assertThat(abandoned).doesNotExist();
    assertThat(inUse).exists();
  }

  @Test
  void manyAtOnceUnpackOneFolder() throws Exception {
    int threads = 8;
    CountDownLatch start = new CountDownLatch(threads);
    List<Future<Path>> folders = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        folders.add(
            executor.submit(() -> {
              start.countDown();
              start.await();
              return unpack(true);
            }));
      }
    }
    for (Future<Path> folder : folders) {
      assertThat(folder.get().resolve(LIBRARY)).hasContent(FakePackage.content(LIBRARY));
    }
    assertNoLeftovers();
  }

  private Path unpack(boolean verify) {
    PackagedLibraries libraries = PackagedLibraries.find(packages, FakePackage.LINUX, Backend.CPU).orElseThrow();
    return new NativeCache(root, verify).unpack(libraries);
  }

  private void assertFails(Reason reason, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(() -> unpack(false))
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private void assertNoLeftovers() throws IOException {
    assertThat(names(root.resolve("natives"))).noneMatch(name -> name.startsWith(".tmp-"));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
