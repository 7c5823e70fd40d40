package io.panallama.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panallama.platform.CacheFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the build of this module laid out for the jar. */
class NativesTest {
  private record Entry(String sha256, long size, String role, String name) {}

  private final Path folder =
      Path.of(System.getProperty("panallama.native.classes"), "META-INF", "native", Host.current().platform());
  private final Tools tools = new Tools(Host.current());

  @Test
  void theIndexStartsWithWhatTheFolderIs() throws Exception {
    LockFile lock = LockFile.read(Path.of("natives.lock"));
    String backend = lock.binary(Host.current().platform(), Optional.empty()).backend();

    assertThat(Files.readAllLines(folder.resolve(Layout.INDEX)).subList(0, 5))
        .containsExactly(
            "panallama-native 1",
            "platform " + Host.current().platform(),
            "backend " + backend,
            "llama " + lock.llamaVersion(),
            "bridge 6");
  }

  @Test
  void theIndexListsEveryFileWithItsSizeAndHash() throws Exception {
    List<String> names = new ArrayList<>();
    for (Entry entry : entries()) {
      Path file = folder.resolve(entry.name());
      names.add(entry.name());
      assertThat(file).hasSize(entry.size());
      assertThat(Hashes.sha256(file)).as(entry.name()).isEqualTo(entry.sha256());
    }
    names.add(Layout.INDEX);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrderElementsOf(names);
    }
  }

  @Test
  void aLibraryIsLoadedAfterThoseThatItNeedsAndTheBridgeLast() throws Exception {
    List<String> load = entries().stream().filter(e -> e.role().equals("load")).map(Entry::name).toList();

    assertThat(load).hasSize(5);
    assertThat(load.getFirst()).contains("ggml-base");
    assertThat(load.getLast()).isEqualTo(Host.current().libraryFile("panallama"));
    assertThat(entries()).anyMatch(e -> e.role().equals("backend") && e.name().contains("ggml-cpu"));
    assertThat(entries()).anyMatch(e -> e.role().equals("text") && e.name().equals("LICENSE-llama.cpp.txt"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theLoadOrderIsThatOfTheLibrariesThemselves() throws Exception {
    assumeTrue(tools.find("objdump").isPresent(), "objdump is not installed");
    List<String> load = entries().stream().filter(e -> e.role().equals("load")).map(Entry::name).toList();

    List<String> loaded = new ArrayList<>();
    for (String name : load) {
      String headers = tools.run("reading", folder, List.of("objdump", "-p", name));
      List<String> needed =
          headers
              .lines()
              .filter(line -> line.contains("NEEDED"))
              .map(line -> line.strip().split("\\s+")[1])
              .filter(load::contains)
              .toList();
      assertThat(loaded).as("loaded before " + name).containsAll(needed);
      assertThat(headers).as(name).contains("$ORIGIN");
      loaded.add(name);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theBridgeExportsItsOwnFunctionsOnly() throws Exception {
    assumeTrue(tools.find("nm").isPresent(), "nm is not installed");
    String header = Files.readString(Path.of("src", "panallama_bridge.h"));

    String symbols = tools.run("reading", folder, List.of("nm", "-D", "--defined-only", "libpanallama.so"));
    List<String> exported = symbols.lines().map(line -> line.substring(line.lastIndexOf(' ') + 1)).toList();
    assertThat(exported).isNotEmpty().allMatch(name -> name.startsWith("panallama_"));
    assertThat(exported).allMatch(name -> header.contains(name + "("));
  }

  @Test
  void whatOtherModulesReadIsThere() throws Exception {
    Path vocabularies = Path.of("target", "llama-test-data", "vocab");
    assertThat(vocabularies.resolve("ggml-vocab-llama-bpe.gguf")).exists();
    assertThat(vocabularies.resolve("ggml-vocab-llama-bpe.gguf.inp")).exists();
    assertThat(vocabularies.resolve("ggml-vocab-llama-bpe.gguf.out")).exists();
    assertThat(Path.of("target", "llama-test-data", "templates", "Qwen-Qwen3-0.6B.jinja")).exists();
    assertThat(Path.of("target", "headers", "llama.h")).exists();
    assertThat(Path.of("target", "headers", "ggml.h")).exists();
  }

  @Test
  void theBuildKeepsItsFilesInTheCacheFolderThatTheProgramUses() {
    assertThat(Host.current().cache()).isEqualTo(CacheFolder.root().resolve("build"));
  }

  private List<Entry> entries() throws IOException {
    List<Entry> entries = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(Layout.INDEX))) {
      String[] words = line.split(" ", 5);
      if (words[0].equals("file")) {
        entries.add(new Entry(words[1], Long.parseLong(words[2]), words[3], words[4]));
      }
    }
    return entries;
  }
}
