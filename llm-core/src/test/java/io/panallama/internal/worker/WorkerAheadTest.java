package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.internal.worker.ProcessLauncherTest.Listener;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class WorkerAheadTest {
  private static final String LISTENER = Listener.class.getName();
  private static final long OTHER_MEMORY = 4L << 30;

  private final Set<Path> foldersBefore = new HashSet<>();

  @BeforeEach
  void look() throws IOException {
    foldersBefore.addAll(folders());
  }

  /** The folder of a worker is removed after its process has ended. */
  @AfterEach
  void nothingIsLeft() throws IOException {
    assertThat(WorkerAhead.take()).isNull();
    assertThat(folders()).isEqualTo(foldersBefore);
  }

  private static boolean isAlive(long pid) {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
  }

  private static Set<Path> folders() throws IOException {
    Set<Path> folders = new HashSet<>();
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    String prefix = "panallama-" + ProcessHandle.current().pid() + "-*";
    try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, prefix)) {
      found.forEach(folders::add);
    }
    return folders;
  }

  private static void end(Worker worker) {
    worker.kill();
    assertThat(worker.awaitDeath().how()).contains("SIGKILL");
  }

  @Test
  void theNextThatNeedsSuchAWorkerTakesItOver() throws IOException {
    WorkerAhead ahead = WorkerAhead.start(LISTENER, 0);
    Worker worker = new ProcessLauncher(LISTENER, 0).launch();
    assertThat(worker).isSameAs(ahead.await());
    ahead.close();
    assertThat(isAlive(worker.pid())).isTrue();
    end(worker);
    assertThat(isAlive(worker.pid())).isFalse();
  }

  @Test
  void oneThatNothingNeedsVanishes() throws IOException {
    WorkerAhead ahead = WorkerAhead.start(LISTENER, 0);
    long pid = ahead.await().pid();
    assertThat(isAlive(pid)).isTrue();
    ahead.close();
    assertThat(isAlive(pid)).isFalse();
    ahead.close();
  }

  @Test
  void oneThatIsOnlyStartingVanishes() {
    WorkerAhead.start(LISTENER, 0).close();
  }

  @Test
  void aWorkerWithOtherLimitsIsAnotherOne() throws IOException {
    WorkerAhead ahead = WorkerAhead.start(LISTENER, OTHER_MEMORY);
    long pid = ahead.await().pid();
    Worker worker = new ProcessLauncher(LISTENER, 0).launch();
    assertThat(isAlive(worker.pid())).isTrue();
    assertThat(isAlive(pid)).isFalse();
    ahead.close();
    end(worker);
  }

  @Test
  void thereIsAtMostOne() throws IOException {
    WorkerAhead first = WorkerAhead.start(LISTENER, 0);
    assertThat(WorkerAhead.start(LISTENER, 0)).isSameAs(first);
    long pid = first.await().pid();
    WorkerAhead other = WorkerAhead.start(LISTENER, OTHER_MEMORY);
    assertThat(isAlive(pid)).isFalse();
    first.close();
    assertThat(isAlive(other.await().pid())).isTrue();
    other.close();
  }

  @Test
  void whyOneDidNotStartIsToldToWhatTakesItOver() {
    WorkerAhead.start("io.panallama.Missing", 0);
    assertThatThrownBy(() -> new ProcessLauncher("io.panallama.Missing", 0).launch())
        .isInstanceOf(Worker.StillbornException.class)
        .hasMessageContaining("exit code 1 before it was connected")
        .hasMessageContaining("io.panallama.Missing");
  }

  @Test
  void anInterruptOfWhatTakesItOverEndsIt() {
    WorkerAhead.start(LISTENER, 0);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> new ProcessLauncher(LISTENER, 0).launch()).isInstanceOf(IOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
