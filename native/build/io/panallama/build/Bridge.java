package io.panallama.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Compiles the bridge with CMake against the pinned headers and the shipped libraries. */
final class Bridge {
  private static final Pattern VERSION = Pattern.compile("#define PANALLAMA_BRIDGE_VERSION (\\d+)");

  private final Path module;
  private final Host host;
  private final Tools tools;
  private final Cache cache;

  Bridge(Path module, Host host, Tools tools, Cache cache) {
    this.module = module;
    this.host = host;
    this.tools = tools;
    this.cache = cache;
  }

  Path header() {
    return module.resolve("src").resolve("panallama_bridge.h");
  }

  int version() throws IOException {
    Matcher matcher = VERSION.matcher(Files.readString(header()));
    if (!matcher.find()) {
      throw new BuildFailure(header() + " does not define PANALLAMA_BRIDGE_VERSION");
    }
    return Integer.parseInt(matcher.group(1));
  }

  /** The bridge's own files: everything that its library depends on besides the packages and the compiler. */
  List<Path> sources() throws IOException {
    List<Path> sources =
        new ArrayList<>(FileTree.files(module.resolve("src"), name -> name.matches(".+\\.(cpp|h|map)")));
    sources.add(module.resolve("CMakeLists.txt"));
    sources.add(module.resolve("interpreter.cmake"));
    return sources;
  }

  /** The bridge's library, and the program that tries a model file; they lie in one folder. */
  record Compiled(Path library, Path trial) {}

  /** Returns what was compiled, and compiles it first if one of its inputs has changed. */
  Compiled compiled(LockFile lock, LockFile.Binary binary, Path llamaSource, List<Path> coreLibraries)
      throws IOException, InterruptedException {
    List<String> inputs = new ArrayList<>();
    for (Path source : sources()) {
      inputs.add(source.getFileName().toString());
      inputs.add(Hashes.sha256(source));
    }
    inputs.add(lock.llamaVersion());
    inputs.add(lock.source().key());
    inputs.add(binary.pack().key());
    List<String> compiler = new ArrayList<>(List.of(tools.compiler().orElseThrow().split(" +"))); // may be "ccache g++"
    if (!host.isWindows()) {
      compiler.add("--version");
      inputs.add(tools.run("asking the compiler for its version", module, compiler));
    }
    String library = host.libraryFile("panallama");
    String trial = host.programFile("panallama-trial");
    Path folder =
        cache.entry(
            "bridge",
            Hashes.sha256(inputs).substring(0, 32),
            entry -> {
              System.out.println("native: compiling the bridge for " + binary.platform() + " " + binary.backend());
              Path build = cache.scratch("cmake");
              compile(lock, llamaSource, coreLibraries, build);
              Files.createDirectories(entry);
              Files.move(find(build, library), entry.resolve(library));
              Files.move(find(build, trial), entry.resolve(trial));
            });
    return new Compiled(folder.resolve(library), folder.resolve(trial));
  }

  private void compile(LockFile lock, Path llamaSource, List<Path> coreLibraries, Path build)
      throws IOException, InterruptedException {
    List<String> libraries = new ArrayList<>();
    for (Path library : coreLibraries.reversed()) { // the linker expects a library before those that it needs
      libraries.add(cmakePath(library));
    }
    List<String> configure = new ArrayList<>(List.of("cmake", "-S", cmakePath(module), "-B", cmakePath(build)));
    if (tools.find("ninja").isPresent()) {
      configure.addAll(List.of("-G", "Ninja"));
    }
    configure.add("-DCMAKE_BUILD_TYPE=Release");
    configure.add("-DLLAMA_SOURCE=" + cmakePath(llamaSource));
    configure.add("-DLLAMA_LIBRARIES=" + String.join(";", libraries));
    configure.add("-DLLAMA_VERSION=" + lock.llamaVersion());
    tools.run("configuring the bridge", module, configure);
    tools.run(
        "compiling the bridge",
        module,
        List.of("cmake", "--build", cmakePath(build), "--config", "Release", "--parallel", "2"));
  }

  /** Finds the library, which generators for several configurations put into a subfolder. */
  private static Path find(Path build, String fileName) {
    for (Path candidate : List.of(build.resolve(fileName), build.resolve("Release").resolve(fileName))) {
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    throw new BuildFailure("CMake did not produce " + fileName + " in " + build);
  }

  private static String cmakePath(Path path) {
    return path.toAbsolutePath().toString().replace('\\', '/');
  }
}
