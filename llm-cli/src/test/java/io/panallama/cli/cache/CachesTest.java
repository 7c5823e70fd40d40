package io.panallama.cli.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.cli.cache.CacheItem.Use;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CachesTest {
  private static final Set<String> PACKAGES = Set.of("llama-2.0.0", "org-linux-x64-2.0.0");

  @TempDir Path root;
  private Path natives;
  private Path demo;

  @BeforeEach
  void fill() throws IOException {
    natives = folder("natives/2.0.0-linux-x64-aaaa", "index.txt", 90);
    folder("natives/2.0.0-linux-x64-bbbb", "index.txt", 10);
    folder("natives/2.0.0-linux-x64-cuda-cccc", "index.txt", 20);
    folder("natives/2.0.0-linux-x64-cuda-dddd", "index.txt", 30);
    folder("natives/1.0.0-linux-x64-eeee", "index.txt", 5);
    folder("natives/.tmp-1", "x", 5);
    folder("natives/of-somebody-else", "x", 5);
    demo = file("models/panallama-demo-q8_0-1111.gguf");
    file("models/panallama-demo-q8_0-0000.gguf");
    file("models/panallama-demo-7.part");
    file("models/somebody.gguf");
    file("models/maven/lock");
    file("models/maven/minilm-1-f16-0000.gguf");
    file("models/maven/minilm-1-f16-0000.gguf.7.part");
    folder("models/maven/pull-7", "model.onnx", 5);
    file("prefixes/1");
    file("build/lock");
    file("build/tarballs/org-linux-x64-2.0.0-ffff.tgz");
    folder("build/packages/org-linux-x64-2.0.0-ffff", "x", 10);
    folder("build/packages/org-linux-x64-1.0.0-ffff", "x", 5);
    folder("build/source/llama-2.0.0-ffff", "x", 5);
    folder("build/bridge/older", "x", 5);
    folder("build/bridge/newer", "x", 10);
    file("secret.txt");
  }

  private Path file(String name) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "1234567890");
  }

  /** A folder with one file of ten bytes, changed this many minutes after midnight. */
  private Path folder(String name, String file, int minutes) throws IOException {
    file(name + "/" + file);
    return Files.setLastModifiedTime(root.resolve(name), FileTime.fromMillis(minutes * 60_000L));
  }

  private Caches caches(Optional<Set<String>> packages) {
    return new Caches(root, "2.0.0", Optional.of(natives), demo, packages);
  }

  private static Map<String, Use> uses(List<CacheItem> items) {
    return items.stream().collect(Collectors.toMap(CacheItem::name, CacheItem::use));
  }

  @Test
  void everythingOfOursIsListedWithItsUse() throws IOException {
    List<CacheItem> items = caches(Optional.of(PACKAGES)).items();

    assertThat(uses(items))
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("natives/2.0.0-linux-x64-aaaa", Use.USED),
                Map.entry("natives/2.0.0-linux-x64-bbbb", Use.UNUSED),
                Map.entry("natives/2.0.0-linux-x64-cuda-cccc", Use.UNUSED),
                Map.entry("natives/2.0.0-linux-x64-cuda-dddd", Use.USED),
                Map.entry("natives/1.0.0-linux-x64-eeee", Use.UNUSED),
                Map.entry("natives/.tmp-1", Use.UNUSED),
                Map.entry("models/panallama-demo-q8_0-1111.gguf", Use.USED),
                Map.entry("models/panallama-demo-q8_0-0000.gguf", Use.UNUSED),
                Map.entry("models/panallama-demo-7.part", Use.UNUSED),
                Map.entry("models/maven/minilm-1-f16-0000.gguf", Use.USED),
                Map.entry("models/maven/minilm-1-f16-0000.gguf.7.part", Use.UNUSED),
                Map.entry("models/maven/pull-7", Use.UNUSED),
                Map.entry("prefixes/1", Use.KEPT),
                Map.entry("build/tarballs/org-linux-x64-2.0.0-ffff.tgz", Use.UNUSED),
                Map.entry("build/packages/org-linux-x64-2.0.0-ffff", Use.USED),
                Map.entry("build/packages/org-linux-x64-1.0.0-ffff", Use.UNUSED),
                Map.entry("build/source/llama-2.0.0-ffff", Use.USED),
                Map.entry("build/bridge/older", Use.UNUSED),
                Map.entry("build/bridge/newer", Use.USED)));
    assertThat(items).allSatisfy(item -> assertThat(item.bytes()).isEqualTo(10));
  }

  @Test
  void withoutTheSourcesPackagesOfBuildsAreKept() throws IOException {
    assertThat(uses(caches(Optional.empty()).items()))
        .containsEntry("build/packages/org-linux-x64-1.0.0-ffff", Use.KEPT)
        .containsEntry("build/tarballs/org-linux-x64-2.0.0-ffff.tgz", Use.UNUSED);
  }

  @Test
  void emptyFolderHasNothing() throws IOException {
    assertThat(new Caches(root.resolve("none"), "2.0.0", Optional.empty(), demo, Optional.empty()).items()).isEmpty();
  }

  @Test
  void whatIsRemovedIsGoneAndTheRestIsThere() throws IOException {
    Caches caches = caches(Optional.of(PACKAGES));
    List<CacheItem> unused = caches.items().stream().filter(item -> item.use() == Use.UNUSED).toList();

    assertThat(caches.remove(unused)).containsExactlyInAnyOrderElementsOf(unused);

    assertThat(caches.items()).noneMatch(item -> item.use() == Use.UNUSED).hasSize(8);
    assertThat(root.resolve("secret.txt")).exists();
    assertThat(root.resolve("models/somebody.gguf")).exists();
    assertThat(root.resolve("natives/of-somebody-else")).exists();
  }

  /** Another process holds the lock; in this one the attempt would throw. */
  @ParameterizedTest
  @CsvSource({"build, build/bridge/older", "models/maven, models/maven/pull-7"})
  void whatARunningBuildOrPullMayNeedIsLeftAlone(String folder, String needed) throws Exception {
    Path holder =
        Files.writeString(
            root.resolve("Holder.java"),
            """
            void main(String[] args) throws Exception {
              try (var channel = java.nio.channels.FileChannel.open(
                      java.nio.file.Path.of(args[0]), java.nio.file.StandardOpenOption.WRITE);
                  var lock = channel.lock()) {
                IO.println("locked");
                System.in.read();
              }
            }
            """);
    Process build =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                holder.toString(),
                root.resolve(folder).resolve("lock").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(build.inputReader().readLine()).isEqualTo("locked");
      Caches caches = caches(Optional.of(PACKAGES));

      List<CacheItem> removed = caches.remove(caches.items());

      assertThat(removed).extracting(CacheItem::name).noneMatch(name -> name.startsWith(folder + "/"));
      assertThat(root.resolve(needed)).exists();
      assertThat(natives).doesNotExist();
    } finally {
      build.getOutputStream().close();
      build.waitFor();
    }
    try (FileChannel channel = FileChannel.open(root.resolve(folder).resolve("lock"), StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      assertThat(lock).isNotNull();
    }
  }

  @Test
  void packagesAreThoseOfTheLockFile() throws IOException {
    Path lock =
        Files.writeString(
            root.resolve("natives.lock"),
            """
            # a remark
            llama 2.0.0

            source llama 2.0.0 hash
            binary linux-x64   cpu   @org/linux-x64       2.0.0 hash
            """);

    assertThat(Caches.packages(lock)).isEqualTo(PACKAGES);
  }
}
