package io.panallama.build;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  /** Fails with one message that names everything that is missing. */
  void requireAll(List<String> needed) {
    List<String> missing = new ArrayList<>();
    for (String tool : needed) {
      boolean found = tool.equals("c++") ? compiler().isPresent() : find(tool).isPresent();
      if (!found) {
        missing.add(tool.equals("c++") ? "a C++ compiler" : tool);
      }
    }
    if (!missing.isEmpty()) {
      String hint =
          switch (host.os()) {
            case "mac" -> "xcode-select --install && brew install node cmake ninja git";
            case "windows" ->
                "winget install OpenJS.NodeJS Kitware.CMake Git.Git Microsoft.VisualStudio.2022.BuildTools";
            default -> "sudo apt-get install npm git cmake ninja-build g++";
          };
      throw new BuildFailure("missing on this machine: " + String.join(", ", missing) + ". For example: " + hint);
    }
  }

  /** The compiler that CMake is going to take. Visual Studio's is found by CMake itself. */
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

  /** The output of a program that has to end well; on failure the message is all that it said. */
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
