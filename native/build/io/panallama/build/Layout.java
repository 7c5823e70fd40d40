package io.panallama.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One folder {@code META-INF/native/...}: the libraries, the licences and {@code index.txt}, which the loader of the
 * bindings reads.
 *
 * <pre>
 * panallama-native 1
 * platform linux-x64
 * backend cpu
 * llama 0.5.0
 * bridge 1
 * file SHA-256-hex SIZE load|backend|program|text NAME
 * </pre>
 *
 * <p>{@code load} files are listed in the order in which they are to be loaded; {@code backend} files are left to
 * {@code ggml_backend_load_all_from_path}; a {@code program} is started as a process of its own.
 */
final class Layout {
  static final String INDEX = "index.txt";

  private static final int FORMAT = 1;

  /** The libraries by their stems, each after those that it needs (DT_NEEDED); a build may insert its backend's name. */
  private static final List<Pattern> LOAD_ORDER =
      List.of(
          Pattern.compile("(lib)?ggml-base\\.(so|dylib|dll)"),
          Pattern.compile("(lib)?ggml(\\.\\w+)?\\.v[0-9.]+\\.(so|dylib|dll)"),
          Pattern.compile("(lib)?llama(\\.\\w+)?\\.v[0-9.]+\\.(so|dylib|dll)"),
          Pattern.compile("(lib)?llama-common\\.(so|dylib|dll)"));

  private static final Pattern BACKEND = Pattern.compile("(lib)?ggml-[\\w-]+\\.(so|dll|metallib)");
  private static final Pattern LIBRARY = Pattern.compile(".+\\.(so|dylib|dll|metallib)(\\.\\d+)*");

  private Layout() {}

  /** The libraries of a package that are loaded and linked to, in load order. */
  static List<Path> coreLibraries(Path directory) throws IOException {
    List<Path> libraries = new ArrayList<>();
    for (Pattern pattern : LOAD_ORDER) {
      List<Path> found = FileTree.files(directory, name -> pattern.matcher(name).matches());
      if (found.size() != 1) {
        throw new BuildFailure("expected one file like " + pattern + " in " + directory + ", found " + found);
      }
      libraries.add(found.getFirst());
    }
    return List.copyOf(libraries);
  }

  /** The libraries that ggml loads itself: one CPU library per micro-architecture, CUDA, Metal. */
  static List<Path> backendLibraries(Path directory) throws IOException {
    List<Path> core = coreLibraries(directory);
    List<Path> backends = new ArrayList<>();
    for (Path file : FileTree.files(directory, name -> LIBRARY.matcher(name).matches())) {
      if (core.contains(file)) {
        continue;
      }
      if (!BACKEND.matcher(file.getFileName().toString()).matches()) {
        throw new BuildFailure("the purpose of the library " + file + " is unknown");
      }
      backends.add(file);
    }
    return List.copyOf(backends);
  }

  /** {@code linux-x64}, or {@code linux-x64-cuda} for the package that is not the platform's default one. */
  static String folderName(LockFile lock, LockFile.Binary binary) {
    boolean standard = lock.binary(binary.platform(), java.util.Optional.empty()).equals(binary);
    return standard ? binary.platform() : binary.platform() + "-" + binary.backend();
  }

  /** Writes the folder from scratch. */
  static void write(Path folder, LockFile.Binary binary, String llamaVersion, int bridgeVersion, Contents contents)
      throws IOException {
    FileTree.delete(folder);
    Files.createDirectories(folder);
    List<String> lines = new ArrayList<>();
    lines.add("panallama-native " + FORMAT);
    lines.add("platform " + binary.platform());
    lines.add("backend " + binary.backend());
    lines.add("llama " + llamaVersion);
    lines.add("bridge " + bridgeVersion);
    for (Path file : contents.load()) {
      lines.add(add(folder, file, "load", file.getFileName().toString()));
    }
    for (Path file : contents.backends()) {
      lines.add(add(folder, file, "backend", file.getFileName().toString()));
    }
    lines.add(add(folder, contents.program(), "program", contents.program().getFileName().toString()));
    for (Text text : contents.texts()) {
      lines.add(add(folder, text.file(), "text", text.name()));
    }
    Files.writeString(folder.resolve(INDEX), String.join("\n", lines) + "\n");
  }

  /** The contents of a folder; {@code load} is in load order. */
  record Contents(List<Path> load, List<Path> backends, Path program, List<Text> texts) {}

  /** A licence and its name in the folder. */
  record Text(Path file, String name) {}

  private static String add(Path folder, Path file, String role, String name) throws IOException {
    Path copy = folder.resolve(name);
    Files.copy(file, copy);
    return "file " + Hashes.sha256(copy) + " " + Files.size(copy) + " " + role + " " + name;
  }
}
