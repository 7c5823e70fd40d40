package io.panallama.bindings;

import io.panallama.platform.NativeResources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A JVM that runs a program of the package {@code child}: loading is final for a process, so each outcome needs one. */
final class ChildJvm {
  private static final String LOAD_MAIN = "io.panallama.bindings.child.LoadMain";

  private final Process process;

  private ChildJvm(Process process) {
    this.process = process;
  }

  /** The program's lines of standard output. */
  record Result(int status, List<String> lines) {}

  static ChildJvm start(List<String> options) throws IOException {
    return start(LOAD_MAIN, options);
  }

  private static ChildJvm start(String main, List<String> options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(options);
    command.add(main);
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().keySet().removeIf(name -> name.startsWith("PANALLAMA_"));
    return new ChildJvm(builder.start());
  }

  /** Starts {@code main} and waits for its end. */
  static Result run(Class<?> main, String... options) throws IOException, InterruptedException {
    return start(main.getName(), List.of(options)).result();
  }

  /** Starts {@code LoadMain} and waits for its end. */
  static Result run(String... options) throws IOException, InterruptedException {
    return start(List.of(options)).result();
  }

  Result result() throws IOException, InterruptedException {
    try {
      List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the child JVM does not end; it printed " + lines);
      }
      return new Result(process.exitValue(), lines);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Where the bindings are: a folder of classes or a jar. */
  static Path bindings() {
    return location(NativeLibraries.class);
  }

  /** The jar or folder of the module that the bindings require. */
  static Path platform() {
    return location(NativeResources.class);
  }

  static Path tests() {
    return location(ChildJvm.class);
  }

  /** Where the packaged libraries are. */
  static Path natives() {
    String index = PackagedLibraries.folder(Platform.current(), Backend.CPU) + "/index.txt";
    URL url = Objects.requireNonNull(ChildJvm.class.getClassLoader().getResource(index), index);
    String text = url.toString().replace("/" + index, "");
    return path(text.startsWith("jar:") ? text.substring(4, text.length() - 1) : text);
  }

  private static Path location(Class<?> type) {
    CodeSource source = Objects.requireNonNull(type.getProtectionDomain().getCodeSource());
    return path(source.getLocation().toString());
  }

  private static Path path(String url) {
    try {
      return Path.of(new URI(url));
    } catch (URISyntaxException e) {
      throw new UncheckedIOException(new IOException(url, e));
    }
  }
}
