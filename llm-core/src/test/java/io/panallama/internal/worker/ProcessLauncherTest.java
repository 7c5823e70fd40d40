package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessLauncherTest {
  private static final String CACHE = "panallama.worker.cache";

  /** A worker that was started before it was needed. */
  private static final String AHEAD = "ahead,";

  /** Connects, and waits until its parent closes the connection. */
  static final class Listener {
    public static void main(String[] socket) throws IOException {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(socket[0]));
        while (channel.read(ByteBuffer.allocate(16)) >= 0) {}
      }
    }
  }

  @AfterEach
  void clearCache() {
    System.clearProperty(CACHE);
  }

  /** The launcher names the cache of every finished build; a conflict of options would end each worker at its start. */
  @Test
  void aWorkerStartsWithWhateverIsInItsCache(@TempDir Path folder) throws IOException {
    System.setProperty(CACHE, Files.writeString(folder.resolve("worker.aot"), "not a cache").toString());
    Worker worker = new ProcessLauncher(Listener.class.getName(), 0).launch();
    assertThat(worker.pid()).isPositive();
    worker.kill();
    assertThat(worker.awaitDeath().how()).contains("SIGKILL");
  }

  /** The heap counts in the limit even when it is empty, and a burst of requests would leave no room for the next one. */
  @Test
  void ofALimitedMemoryTheHeapTakesAQuarter() {
    assertThat(new ProcessLauncher(Listener.class.getName(), 400L << 20).program())
        .contains("-Xmx" + (100L << 20), "-XX:-ShrinkHeapInSteps");
    assertThat(new ProcessLauncher(Listener.class.getName(), 100L << 20).program()).contains("-Xmx" + (64L << 20));
    assertThat(new ProcessLauncher(Listener.class.getName(), 0).program())
        .contains("-Xmx" + Runtime.getRuntime().maxMemory())
        .doesNotContain("-XX:-ShrinkHeapInSteps");
  }

  /** What a program with workers does at its end is seen from outside of it. */
  static final class Parent {
    public static void main(String[] how) throws IOException {
      if (how[0].startsWith(AHEAD)) {
        WorkerAhead.start(Listener.class.getName(), 0);
      }
      Worker worker = new ProcessLauncher(Listener.class.getName(), 0).launch();
      if (how[0].endsWith("stopped")) {
        new ProcessBuilder("kill", "-STOP", Long.toString(worker.pid())).start().onExit().join();
      }
      System.out.println(worker.pid());
      if (how.length > 1) {
        // Killed by whoever reads that.
        System.in.read();
      }
      System.exit(0);
    }
  }

  /** A stopped worker would not notice that its connection is closed. */
  @ParameterizedTest
  @ValueSource(strings = {"running", "stopped", AHEAD + " running", AHEAD + " stopped"})
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aWorkerEndsWithItsParent(String how, @TempDir Path folder) throws IOException {
    Process parent = parent(folder, how);
    long worker = workerOf(parent);
    assertThat(parent.onExit().join().exitValue()).isZero();
    ProcessHandle.of(worker).ifPresent(left -> left.onExit().join());
    assertThat(folder).isEmptyDirectory();
  }

  /** The parent can do nothing about it, and a stopped worker does not find its connection closed. */
  @ParameterizedTest
  @ValueSource(strings = {"running", "stopped", AHEAD + " running", AHEAD + " stopped"})
  @EnabledOnOs(OS.LINUX)
  @EnabledIf("canTie")
  void aWorkerEndsWithAParentThatIsKilled(String how, @TempDir Path folder) throws IOException {
    Process parent = parent(folder, how, "stays");
    long worker = workerOf(parent);
    parent.destroyForcibly().onExit().join();
    ProcessHandle.of(worker).ifPresent(left -> left.onExit().join());
    assertThat(ProcessHandle.of(worker).filter(ProcessHandle::isAlive)).isEmpty();
  }

  /** Whether there is the program of util-linux. */
  static boolean canTie() {
    try {
      return new ProcessBuilder("setpriv", "--pdeathsig", "KILL", "true")
              .redirectErrorStream(true)
              .start()
              .onExit()
              .join()
              .exitValue()
          == 0;
    } catch (IOException absent) {
      return false;
    }
  }

  private static Process parent(Path folder, String... how) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String modules = System.getProperty("jdk.module.path", "");
    String path = System.getProperty("java.class.path") + File.pathSeparator + modules;
    List<String> command = new ArrayList<>();
    command.addAll(List.of(java, "-Djava.io.tmpdir=" + folder, "-cp", path, Parent.class.getName()));
    command.addAll(List.of(how));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static long workerOf(Process parent) throws IOException {
    try (BufferedReader reader = parent.inputReader()) {
      return Long.parseLong(String.valueOf(reader.readLine()));
    }
  }

  @Test
  void foldersOfProcessesThatAreGoneAreRemoved(@TempDir Path folder) throws IOException {
    String usual = System.getProperty("java.io.tmpdir");
    long gone = Long.MAX_VALUE;
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
    Path abandoned = folderOf(folder, gone + "-1", old);
    Path young = folderOf(folder, gone + "-2", FileTime.from(Instant.now()));
    Path alive = folderOf(folder, ProcessHandle.current().pid() + "-3", old);
    Path other = folderOf(folder, "agent-4", old);
    System.setProperty("java.io.tmpdir", folder.toString());
    try {
      WorkerFolder.removeAbandoned();
    } finally {
      System.setProperty("java.io.tmpdir", usual);
    }
    assertThat(abandoned).doesNotExist();
    assertThat(List.of(young, alive, other)).allSatisfy(kept -> assertThat(kept).isNotEmptyDirectory());
  }

  private static Path folderOf(Path parent, String name, FileTime time) throws IOException {
    Path folder = Files.createDirectory(parent.resolve("panallama-" + name));
    Files.writeString(folder.resolve("s"), "a socket");
    return Files.setLastModifiedTime(folder, time);
  }

  @Test
  void aJvmThatDoesNotStartIsToldWithItsOwnWords() {
    assertThatThrownBy(() -> new ProcessLauncher("io.panallama.Missing", 0).launch())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("exit code 1 before it was connected")
        .hasMessageContaining("io.panallama.Missing")
        .hasMessageNotContaining("native code");
  }
}
