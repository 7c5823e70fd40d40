package io.panallama.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Builds the native libraries: fetches the pinned packages, compiles the bridge and lays everything out for the jar.
 *
 * <p>{@code NativeBuild MODULE CLASSES [BACKEND]}: MODULE is the folder of the Maven module, CLASSES where {@code
 * META-INF/native} goes. Without BACKEND it uses the platform's default package and also lays out the files that other
 * modules' tests and the generator of the bindings need: {@code target/llama-test-data} and {@code target/headers}.
 *
 * <p>It does not depend on Maven and runs from its source, because it comes before most of what Maven compiles; on its class
 * path is only the module panallama-platform.
 */
final class NativeBuild {
  private static final List<String> TOOLS = List.of("npm", "git", "tar", "cmake", "c++");
  private static final Pattern VERSION_PART = Pattern.compile("set\\(LLAMA_VERSION_(MAJOR|MINOR|PATCH)\\s+(\\d+)\\)");

  private final Path module;
  private final Host host = Host.current();
  private final Tools tools = new Tools(host);

  private NativeBuild(Path module) {
    this.module = module;
  }

  public static void main(String[] args) throws Exception {
    if (args.length < 2 || args.length > 3) {
      System.err.println("usage: NativeBuild MODULE CLASSES [BACKEND]");
      System.exit(2);
    }
    try {
      Optional<String> backend = args.length == 3 ? Optional.of(args[2]) : Optional.empty();
      new NativeBuild(Path.of(args[0]).toAbsolutePath()).run(Path.of(args[1]).toAbsolutePath(), backend);
    } catch (BuildFailure e) {
      System.err.println("native: " + e.getMessage());
      System.exit(1);
    }
  }

  private void run(Path classes, Optional<String> backend) throws IOException, InterruptedException {
    LockFile lock = LockFile.read(module.resolve("natives.lock"));
    LockFile.Binary binary = lock.binary(host.platform(), backend);
    tools.requireAll(TOOLS);
    try (Cache cache = Cache.open(host.cache())) {
      Packages packages = new Packages(cache, tools);
      Bridge bridge = new Bridge(module, host, tools, cache);

      Path source = packages.source(lock.source());
      requireVersion(lock, source);
      Path libraries = packages.unpacked(binary.pack()).resolve("bins");
      libraries = onlyFolderOf(libraries);
      List<Path> core = Layout.coreLibraries(libraries);
      Bridge.Compiled compiled = bridge.compiled(lock, binary, source, core);

      Path folder = classes.resolve("META-INF").resolve("native").resolve(Layout.folderName(lock, binary));
      String state =
          Hashes.sha256(List.of(Files.readString(module.resolve("natives.lock")), compiled.library().toString()));
      if (backend.isEmpty()) {
        layOutTestData(source);
        layOutHeaders(source, bridge.header());
      }
      Path stamp = classes.resolveSibling(classes.getFileName() + "-native.stamp");
      if (Files.exists(folder.resolve(Layout.INDEX)) && Files.exists(stamp) && Files.readString(stamp).equals(state)) {
        return;
      }
      Files.deleteIfExists(stamp);
      Layout.write(folder, binary, lock.llamaVersion(), bridge.version(), contents(source, libraries, core, compiled));
      Files.writeString(stamp, state);
      System.out.println("native: laid out " + folder.getFileName());
    }
  }

  private static Layout.Contents contents(Path source, Path libraries, List<Path> core, Bridge.Compiled bridge)
      throws IOException {
    List<Path> load = new ArrayList<>(core);
    load.add(bridge.library());
    List<Layout.Text> texts =
        List.of(
            new Layout.Text(source.resolve("LICENSE"), "LICENSE-llama.cpp.txt"),
            new Layout.Text(source.resolve("licenses").resolve("LICENSE-jsonhpp"), "LICENSE-nlohmann-json.txt"),
            new Layout.Text(libraries.resolve("../../LICENSE").normalize(), "LICENSE-node-llama-cpp.txt"));
    return new Layout.Contents(load, Layout.backendLibraries(libraries), bridge.trial(), texts);
  }

  /** Returns the only folder; the package names it in its own terms for platforms and backends. */
  private static Path onlyFolderOf(Path directory) throws IOException {
    try (Stream<Path> list = Files.list(directory)) {
      List<Path> folders = list.filter(Files::isDirectory).toList();
      if (folders.size() != 1) {
        throw new BuildFailure("expected one folder in " + directory + ", found " + folders);
      }
      return folders.getFirst();
    }
  }

  /** The index and the bridge carry the lock file's version, so it has to be the version of the source. */
  private static void requireVersion(LockFile lock, Path source) throws IOException {
    List<String> parts = new ArrayList<>();
    Matcher matcher = VERSION_PART.matcher(Files.readString(source.resolve("CMakeLists.txt")));
    while (matcher.find()) {
      parts.add(matcher.group(2));
    }
    String version = String.join(".", parts);
    if (!version.equals(lock.llamaVersion())) {
      throw new BuildFailure("the source is llama.cpp " + version + ", natives.lock says " + lock.llamaVersion());
    }
  }

  /** Lays out chat templates, and vocabularies with the tokens that upstream expects. */
  private void layOutTestData(Path source) throws IOException {
    Path models = source.resolve("models");
    Path data = module.resolve("target").resolve("llama-test-data");
    List<Path> vocabularies = new ArrayList<>();
    for (Path vocabulary : FileTree.files(models, name -> name.matches("ggml-vocab-.*\\.gguf"))) {
      Path input = vocabulary.resolveSibling(vocabulary.getFileName() + ".inp");
      Path output = vocabulary.resolveSibling(vocabulary.getFileName() + ".out");
      if (Files.exists(input) && Files.exists(output)) {
        vocabularies.addAll(List.of(vocabulary, input, output));
      }
    }
    linkInto(data.resolve("vocab"), vocabularies);
    linkInto(data.resolve("templates"), FileTree.files(models.resolve("templates"), name -> name.endsWith(".jinja")));
  }

  private void layOutHeaders(Path source, Path bridgeHeader) throws IOException {
    Path headers = module.resolve("target").resolve("headers");
    FileTree.copyInto(headers, FileTree.files(source.resolve("include"), name -> name.endsWith(".h")));
    FileTree.copyInto(headers, FileTree.files(source.resolve("ggml").resolve("include"), name -> name.endsWith(".h")));
    FileTree.copyInto(headers, List.of(bridgeHeader));
  }

  private static void linkInto(Path directory, List<Path> files) throws IOException {
    Files.createDirectories(directory);
    for (Path file : files) {
      Path target = directory.resolve(file.getFileName());
      if (!Files.exists(target) || Files.size(target) != Files.size(file)) {
        FileTree.linkOrCopy(file, target);
      }
    }
  }
}
