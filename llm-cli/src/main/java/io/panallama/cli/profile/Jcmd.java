package io.panallama.cli.profile;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The JDK's program {@code jcmd}: lists this user's Java processes and tells them to record. It reaches those of the same
 * user in the same container. Safe for use by several threads.
 */
public final class Jcmd {
  /** A process answers within seconds, unless it is stopped. */
  private static final long PATIENCE_SECONDS = 60;

  /** A JVM that reads these tells of it on standard error, or records itself. */
  private static final List<String> VARIABLES = List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

  private final Path program;

  private Jcmd(Path program) {
    this.program = program;
  }

  /**
   * A Java process.
   *
   * @param command its main class, perhaps with the name of its module, and its arguments
   */
  public record Jvm(long pid, String command) {
    /** Whether it is {@code panallama serve}. */
    public boolean isServer() {
      List<String> words = words();
      if (!words.getFirst().endsWith("io.panallama.cli.Main")) {
        return false;
      }
      int at = 1;
      while (at < words.size() && words.get(at).startsWith("-")) {
        // The only option before a command that has a value.
        at += words.get(at).equals("--config") ? 2 : 1;
      }
      return at < words.size() && words.get(at).equals("serve");
    }

    /** Whether it computes for another process. */
    public boolean isWorker() {
      return words().getFirst().endsWith("io.panallama.WorkerMain");
    }

    private List<String> words() {
      return List.of(command.split(" ", -1));
    }

    /** Whether it was started by another one. */
    public boolean isChildOf(long parent) {
      Optional<ProcessHandle> starter = ProcessHandle.of(pid).flatMap(ProcessHandle::parent);
      return starter.filter(handle -> handle.pid() == parent).isPresent();
    }
  }

  /**
   * That of the running JDK.
   *
   * @throws IOException if it has none
   */
  public static Jcmd ofThisJdk() throws IOException {
    Path bin = Path.of(System.getProperty("java.home"), "bin");
    Path program = bin.resolve(File.separatorChar == '\\' ? "jcmd.exe" : "jcmd");
    if (!Files.isExecutable(program)) {
      throw new IOException(
          "the Java in "
              + bin.getParent()
              + " has no jcmd, by which other Java processes are reached; start panallama with a JDK that has the"
              + " module jdk.jcmd (JAVA_HOME)");
    }
    return new Jcmd(program);
  }

  /** This user's Java processes, without those that list them. */
  public List<Jvm> processes() throws IOException, InterruptedException {
    List<Jvm> all = new ArrayList<>();
    for (String line : run("-l").lines().toList()) {
      int space = line.indexOf(' ');
      if (space > 0 && line.substring(0, space).chars().allMatch(Character::isDigit)) {
        all.add(new Jvm(Long.parseLong(line.substring(0, space)), line.substring(space + 1).strip()));
      }
    }
    all.removeIf(jvm -> jvm.pid() == ProcessHandle.current().pid() || jvm.command().contains("sun.tools.jcmd.JCmd"));
    return all;
  }

  /** Gives a process a command, and returns what it said. */
  String tell(long pid, String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(Long.toString(pid)));
    words.addAll(List.of(command));
    return run(words.toArray(String[]::new));
  }

  private String run(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    VARIABLES.forEach(builder.environment()::remove);
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      CompletableFuture<String> said = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> read(process, said));
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException("jcmd " + String.join(" ", words) + ": no answer in " + PATIENCE_SECONDS + " s");
      }
      String answer = said.join();
      if (process.exitValue() != 0) {
        // The first line names the process, if it was reached.
        String why = answer.lines().filter(line -> !line.endsWith(":")).findFirst().orElse("it failed");
        throw new IOException("jcmd " + String.join(" ", words) + ": " + why);
      }
      return answer;
    } finally {
      process.destroyForcibly();
    }
  }

  private static void read(Process process, CompletableFuture<String> said) {
    try {
      said.complete(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException ended) {
      said.complete("");
    }
  }
}
