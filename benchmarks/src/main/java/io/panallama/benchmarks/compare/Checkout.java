package io.panallama.benchmarks.compare;

import io.panallama.NativeRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The folder with Panallama's sources, and the commands that a comparison starts there.
 *
 * @param root an absolute path
 * @param children the processes that are started
 * @param logs the folder for their output
 */
record Checkout(Path root, Children children, Path logs) {
  /** A script of the checkout with arguments. */
  Children.Command script(String script, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(root.resolve(script).toString()));
    command.addAll(arguments);
    return new Children.Command(command, root, Map.of());
  }

  /** Our command line, on the backend that this process has loaded, so that no other libraries are built for it. */
  Children.Command panallama(List<String> arguments) {
    Children.Command command = script("panallama", arguments);
    return new Children.Command(
        command.command(), root, Map.of("PANALLAMA_BACKEND", NativeRuntime.natives().backend()));
  }

  /**
   * A program of llama.cpp on the libraries that this process has loaded: their folder is the library path and the working
   * directory, where ggml looks for its CPU libraries.
   */
  static Children.Command onOurLibraries(Path program, List<String> arguments) {
    Path libraries = NativeRuntime.natives().directory();
    List<String> command = new ArrayList<>(List.of(program.toAbsolutePath().toString()));
    command.addAll(arguments);
    return new Children.Command(command, libraries, Map.of("LD_LIBRARY_PATH", libraries.toString()));
  }

  /** Compiles llama.cpp's programs, once per machine. */
  void buildYardsticks(Consumer<String> progress) throws InterruptedException {
    children.run(script("benchmarks/yardstick", List.of()), logs.resolve("yardstick.log"), progress);
  }

  /**
   * A program of llama.cpp.
   *
   * @param given the program that the user named, null for the one that {@link #buildYardsticks} makes
   * @throws CompareException if it cannot be started
   */
  Path yardstick(String name, @Nullable Path given) {
    Path program = given == null ? root.resolve("benchmarks/target/yardstick").resolve(name) : given.toAbsolutePath();
    if (!Files.isExecutable(program) || Files.isDirectory(program)) {
      throw new CompareException(program + " is not a program that can be started");
    }
    return program;
  }

  /** The commit, with a remark if the sources differ from it; {@code unknown} outside of a repository. */
  String revision() {
    String commit = output(List.of("git", "describe", "--always", "--abbrev=12", "--exclude=*")).strip();
    if (commit.isEmpty()) {
      return "unknown";
    }
    return output(List.of("git", "status", "--porcelain")).isBlank() ? commit : commit + " with local changes";
  }

  /** Standard output and error of a short command; empty if it cannot be run. */
  String output(List<String> command) {
    return output(new Children.Command(command, root, Map.of()));
  }

  static String output(Children.Command command) {
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command.command()).directory(command.directory().toFile()).redirectErrorStream(true);
      builder.environment().putAll(command.environment());
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? output : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** A file's name, size and SHA-256. */
  static String describe(Path file) {
    try (InputStream in = Files.newInputStream(file);
        DigestInputStream digesting = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
      digesting.transferTo(OutputStream.nullOutputStream());
      String hash = HexFormat.of().formatHex(digesting.getMessageDigest().digest());
      return String.format(Locale.ROOT, "%s, %.1f MB, SHA-256 %s", file.getFileName(), Files.size(file) / 1e6, hash);
    } catch (IOException e) {
      throw new CompareException("the model can't be read: " + e, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has SHA-256
    }
  }

  /** A command as it can be typed from the checkout's folder; without the names of this machine's folders. */
  String typed(Children.Command command) {
    boolean here = command.directory().equals(root);
    // After the cd, the checkout's folder is the shell's last one.
    String words =
        command.command().stream().map(word -> here ? quoted(word) : absolute(word)).collect(Collectors.joining(" "));
    String environment =
        command.environment().entrySet().stream()
            .map(variable -> variable.getKey() + "=" + quoted(variable.getValue()) + " ")
            .collect(Collectors.joining());
    String directory = here ? "" : "cd " + quoted(command.directory().toString()) + " && ";
    return shortened(directory + environment + words);
  }

  private String absolute(String word) {
    String prefix = root + "/";
    return word.startsWith(prefix) ? "\"$OLDPWD\"/" + quoted(word.substring(prefix.length())) : quoted(word);
  }

  /** The text with {@code .} for the checkout's folder and {@code ~} for the user's own. */
  String shortened(String text) {
    return withPath(withPath(text, root.toString(), "."), System.getProperty("user.home"), "~");
  }

  /** Replaces a path, and no longer one that begins with the same letters. */
  private static String withPath(String text, String path, String name) {
    return text.replaceAll("(?<![\\w./-])" + Pattern.quote(path) + "(?![\\w.-])", Matcher.quoteReplacement(name));
  }

  private static String quoted(String word) {
    return word.matches("[\\w@%+=:,./~-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
