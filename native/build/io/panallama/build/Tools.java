package io.panallama.build;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The programs that the build runs, and what to install when one is missing. */
final class Tools {
  private final Host host;
  private final List<Path> searchPath;

  Tools(Host host) {
    this(host, pathOfEnvironment());
  }

  Tools(Host host, List<Path> searchPath) {
    this.host = host;
    this.searchPath = List.copyOf(searchPath);
  }

  /** Fails with one message that names every missing program and how to install them. */
  void requireAll(List<String> needed) {
    List<String> missing =
        needed.stream().filter(tool -> tool.equals("c++") ? compiler().isEmpty() : find(tool).isEmpty()).toList();
    if (!missing.isEmpty()) {
      String names =
          String.join(", ", missing.stream().map(tool -> tool.equals("c++") ? "a C++ compiler" : tool).toList());
      String hint =
          switch (host.os()) {
            case "mac" -> "xcode-select --install && brew install node cmake ninja git";
            case "windows" ->
                "winget install OpenJS.NodeJS Kitware.CMake Git.Git Microsoft.VisualStudio.2022.BuildTools";
            default -> aptGet(missing) + " (Debian, Ubuntu)";
          };
      throw new BuildFailure("this machine lacks what the build needs: " + names + ". For example: " + hint);
    }
  }

  private static String aptGet(List<String> missing) {
    Stream<String> packages = missing.stream().map(tool -> tool.equals("c++") ? "g++" : tool);
    // CMake needs a program that runs its build; Ninja is the smaller one.
    Stream<String> ninja = missing.contains("cmake") ? Stream.of("ninja-build") : Stream.of();
    return "sudo apt-get install " + Stream.concat(packages, ninja).collect(Collectors.joining(" "));
  }

  /** The compiler that CMake will use. CMake finds Visual Studio's compiler itself. */
  Optional<String> compiler() {
    String chosen = System.getenv("CXX");
    if (chosen != null && !chosen.isBlank()) {
      return Optional.of(chosen.strip());
    }
    if (host.isWindows()) {
      return Optional.of("cl");
    }
    return Stream.of("c++", "g++", "clang++").filter(name -> find(name).isPresent()).findFirst();
  }

  Optional<Path> find(String name) {
    List<String> files = host.isWindows() ? List.of(name + ".exe", name + ".cmd", name + ".bat") : List.of(name);
    return searchPath.stream()
        .flatMap(directory -> files.stream().map(directory::resolve))
        .filter(Files::isExecutable)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /**
   * Runs a program and returns its output.
   *
   * @throws BuildFailure if it ends with another status than 0; the message contains all of its output
   */
  String run(String doing, Path directory, List<String> command) throws IOException, InterruptedException {
    List<String> resolved = new ArrayList<>(command);
    find(command.getFirst()).ifPresent(program -> resolved.set(0, program.toString()));
    Path output = Files.createTempFile("panallama-build", ".out");
    try {
      Process process =
          new ProcessBuilder(resolved)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      int status = process.waitFor();
      String text = Files.readString(output, Charset.defaultCharset()).strip();
      if (status != 0) {
        throw new BuildFailure(
            doing + " failed with exit status " + status + ": " + String.join(" ", command) + "\n" + text);
      }
      return text;
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static List<Path> pathOfEnvironment() {
    String path = System.getenv("PATH");
    return path == null
        ? List.of()
        : Stream.of(path.split(java.io.File.pathSeparator)).filter(p -> !p.isBlank()).map(Path::of).toList();
  }
}
